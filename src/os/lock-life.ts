import { constants } from 'node:fs';
import { chmod, open, readlink, rename, rm, statfs } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import { systemCode } from '../errors.js';
import { ProcReader } from './proc-reader.js';

/** Where a process is, as far as others can tell whether they see it. */
export interface ProcessPlace {
  host: string;
  /** Identity of the running kernel; absent where it does not say. */
  boot?: string;
  /** Its pid namespace: within it, a pid means the same to all. */
  pids?: string;
}

/** Where this process is. */
export async function ownPlace(): Promise<ProcessPlace> {
  const boot = new ProcReader().text('sys/kernel/random/boot_id');
  const pids = await readlink('/proc/self/ns/pid').catch(() => '');
  return { host: hostname(), ...(boot ? { boot: boot.trim() } : {}), ...(pids ? { pids } : {}) };
}

/**
 * Shows that this process lives by a socket in the file system. Unlike a pid, it means the same in every container that
 * has the folder, and the kernel refuses its callers from the moment this process is gone. A stopped process is still
 * called successfully: the kernel takes the calls.
 *
 * @param file name of the socket; it is there only while something listens
 * @param mode 0666 lets every user call; by default the umask decides
 * @returns how to end it; `undefined` on file systems without sockets and on systems without /proc
 */
export async function showLife(file: string, mode?: number): Promise<(() => Promise<void>) | undefined> {
  if (process.platform !== 'linux') return undefined;
  // By the folder's descriptor: a socket's address has 108 bytes, a path has more.
  const folder = await open(path.dirname(file), constants.O_DIRECTORY).catch(() => undefined);
  if (folder === undefined) return undefined;
  const name = `lock.${path.basename(file).split('.').at(-2) ?? ''}`;
  try {
    const address = `/proc/self/fd/${folder.fd}/${name}`;
    const server = await listen(address);
    if (mode !== undefined) await chmod(address, mode);
    // Not before it listens: a caller of a socket that nothing listens to is refused as if the process were dead.
    await rename(path.join(path.dirname(file), name), file);
    return async () => {
      await rm(file, { force: true });
      await new Promise((resolve) => server.close(resolve));
      await folder.close();
    };
  } catch {
    await folder.close();
    return undefined;
  }
}

/**
 * Whether the process that shows its life by this socket lives; `undefined` where that is unknown: there is no such
 * socket, it belongs to another user, or the file system may be one that another kernel has mounted, too.
 *
 * @param file made by a process of the same kernel
 */
export async function showsLife(file: string): Promise<boolean | undefined> {
  const socket = await open(file, O_PATH | constants.O_NOFOLLOW).catch(() => undefined);
  if (socket === undefined) return undefined;
  try {
    const code = await callError(`/proc/self/fd/${socket.fd}`);
    if (code === undefined || code === 'EAGAIN') return true;
    if (code !== 'ECONNREFUSED') return undefined;
    const { type } = await statfs(path.dirname(file));
    return LOCAL_FILE_SYSTEMS.has(type) ? false : undefined;
  } catch {
    return undefined;
  } finally {
    await socket.close();
  }
}

/** open(2); Node has no name for it. */
const O_PATH = 0o10000000;

/**
 * Numbers of statfs(2). On these one socket is one thing to all that mount the folder; of a network file system, two
 * mounts on one machine may not know each other's sockets.
 */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x2fc12fc1, // zfs
  0xf2f52010, // f2fs
  0xca451a4e, // bcachefs
  0x794c7630, // overlayfs
]);

async function listen(address: string): Promise<Server> {
  const server = createServer((caller) => caller.destroy()).unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });
  server.removeAllListeners('error');
  // Failing to take a call is no reason to end: the kernel has answered the caller already.
  server.on('error', () => undefined);
  return server;
}

async function callError(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = createConnection(address);
    call.once('connect', () => resolve(undefined));
    call.once('error', (error) => resolve(systemCode(error) ?? 'unknown'));
    call.once('close', () => resolve('unknown'));
    call.on('connect', () => call.destroy());
  });
}
