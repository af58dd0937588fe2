import { once } from 'node:events';
import { chmod, constants, open, rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { AgentError, causeLine, systemCode } from '../errors.js';

/** Longer requests and answers are refused. */
const LONGEST_LINE = 256 * 1024;
const SILENT_MS = 10_000;

/** The kernel's limit for the address of a socket, 108 bytes on Linux and 104 on macOS, without the end mark. */
const LONGEST_ADDRESS = 103;

export interface LineServer {
  close(): Promise<void>;
}

/**
 * Serves a socket that only this user may use: one line of JSON asks, one answers. What an earlier process left in its
 * place is replaced, so the caller holds a lock for it.
 *
 * @param answer gets what was asked, of any shape
 * @throws the system's error where there can be no socket: a file system without them, a path that is too long
 */
export async function serveLines(
  file: string,
  answer: (request: unknown) => Promise<unknown>,
): Promise<LineServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(SILENT_MS, () => socket.destroy());
    lineFrom(socket)
      .then(answer)
      .then(
        (answered) => socket.end(`${JSON.stringify(answered)}\n`),
        () => socket.destroy(),
      );
  });
  await rm(file, { force: true });
  const address = await addressOf(file);
  try {
    server.listen(address.path);
    await once(server, 'listening');
    await chmod(file, 0o600);
  } catch (error) {
    server.close();
    await address.release();
    throw error;
  }
  server.unref();
  return {
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      await address.release();
      await rm(file, { force: true });
    },
  };
}

/**
 * Asks the process that serves a socket.
 *
 * @returns `undefined` where none does
 * @throws AgentError COMMAND_FAILED for one that does not answer, or that this user may not ask
 */
export async function askByLine(file: string, request: unknown): Promise<unknown> {
  const address = await addressOf(file).catch(() => undefined);
  if (address === undefined) return undefined;
  const socket = createConnection(address.path);
  try {
    socket.setTimeout(SILENT_MS, () => socket.destroy(new Error(`no answer in ${SILENT_MS / 1000} s`)));
    socket.write(`${JSON.stringify(request)}\n`);
    return await lineFrom(socket);
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(systemCode(error) ?? '')) return undefined;
    throw new AgentError('COMMAND_FAILED', `${file} does not answer: ${causeLine(error)}`, { cause: error });
  } finally {
    socket.destroy();
    await address.release();
  }
}

/** The first line of a connection, read as JSON. */
async function lineFrom(socket: Socket): Promise<unknown> {
  let text = '';
  socket.setEncoding('utf8');
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    text += String(piece);
    const end = text.indexOf('\n');
    if (end >= 0) return JSON.parse(text.slice(0, end));
    if (text.length > LONGEST_LINE) throw new Error(`a line of more than ${LONGEST_LINE} characters`);
  }
  throw new Error('the connection ended before its line did');
}

interface SocketAddress {
  path: string;
  release(): Promise<void>;
}

/** A path that is too long for a socket is reached through its open folder, where the system has that. */
async function addressOf(file: string): Promise<SocketAddress> {
  if (Buffer.byteLength(file) <= LONGEST_ADDRESS || process.platform !== 'linux')
    return { path: file, release: async () => undefined };
  const folder = await open(path.dirname(file), constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${folder.fd}/${path.basename(file)}`, release: () => folder.close() };
}
