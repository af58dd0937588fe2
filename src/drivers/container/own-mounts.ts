import { chmod, chown, cp, lstat, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CreateRequest, OwnMount } from '../../container/create-request.js';
import { run } from '../../os/exec.js';
import { ensureFolder, exists } from '../../os/files.js';
import type { MountedFolder } from './container-place.js';

export interface OwnMountsRequest {
  request: CreateRequest;
  own: readonly OwnMount[];
  /** Of the container, as its arguments or its image say: `app`, `1000:1000`, empty for root. */
  user: string;
  /** Folder for copies, in reach of any user of the container and of no other user. */
  copies: string;
  /** How the engine sees a path of the agent; `undefined` for one that it cannot see. */
  engineSees(file: string): string | undefined;
  /** Caches are those of this group of tasks alone. */
  cacheGroup?: string;
}

export interface FittedMounts {
  request: CreateRequest;
  /** Mounts that are left out, for the log. */
  notes: string[];
  /** Folders that are to belong to the container's user; see `giveFolders`. */
  folders: string[];
  /** Folders of caches as the configuration names them, and where the container has them. */
  mounted: MountedFolder[];
}

/** Packages are installed by root, whoever the container's user is. */
const OF_ROOT = '/var/cache/apt/archives';

/**
 * The agent's own mounts as a container can use them. A source that is gone is left out: engines make a folder in
 * its place. For another user than root, files that are for the agent's user alone are copied, and caches are
 * folders of that user beside those of root, so that no user plants files for another.
 */
export async function fitOwnMounts(given: OwnMountsRequest): Promise<FittedMounts> {
  const notes: string[] = [];
  const folders: string[] = [];
  const mounted: MountedFolder[] = [];
  const sources = new Map<string, string | undefined>();
  await rm(given.copies, { recursive: true, force: true });
  for (const [index, mount] of given.own.entries()) {
    const bind = `${mount.source}:${mount.target}`;
    if (!(await exists(mount.file))) {
      notes.push(`${mount.file} is not mounted: it does not exist any more`);
      sources.set(bind, undefined);
      continue;
    }
    const file = mount.cache
      ? await cacheFor(mount, given)
      : await fileForUser(mount, path.join(given.copies, String(index)), given.user);
    const source = file === undefined ? undefined : given.engineSees(file);
    if (file === undefined || source === undefined) continue;
    sources.set(bind, source);
    if (!mount.cache) continue;
    mounted.push({ host: mount.file, inside: mount.target });
    if (!isRoot(given.user) && mount.target !== OF_ROOT) folders.push(file);
  }
  const { HostConfig: host } = given.request;
  const Binds = host.Binds?.flatMap((bind) => {
    const key = bind.replace(/:ro$/, '');
    if (!sources.has(key)) return [bind];
    const source = sources.get(key);
    return source === undefined ? [] : [source + bind.slice(bind.indexOf(':'))];
  });
  const request = { ...given.request, HostConfig: { ...host, ...(Binds === undefined ? {} : { Binds }) } };
  return { request, notes, folders, mounted };
}

/**
 * Makes folders writable for the container's user: the owner where that is possible, else all who reach them. The
 * containers that have them cannot put a link in their place.
 *
 * @param owner `uid:gid`
 */
export async function giveFolders(
  folders: readonly string[],
  owner: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const [uid = 0, gid = 0] = owner.split(':').map(Number);
  for (const folder of folders) {
    if ((await stat(folder)).uid === uid) continue;
    if (process.getuid?.() !== 0) {
      await chmod(folder, 0o777);
      continue;
    }
    // What is in it has another owner where images give one name several numbers. Containers that run write there:
    // chown goes from folder to folder by open descriptors and follows no link.
    await run(['chown', '-R', '-P', '-h', owner, folder], { env });
    await chown(folder, uid, gid);
  }
}

/** `user`, `user:group`; names of root's number are not known here, and cost nothing but a folder of their own. */
function isRoot(user: string): boolean {
  return ['', '0', 'root'].includes(user.split(':', 1)[0] ?? '');
}

/** `<cache>`, `<cache>.users/<user of the image>`, and `<cache>.groups/<group>` in place of the former. */
async function cacheFor(
  { file, target }: OwnMount,
  { user, cacheGroup }: Pick<OwnMountsRequest, 'user' | 'cacheGroup'>,
): Promise<string> {
  const own = cacheGroup === undefined ? file : path.join(`${file}.groups`, encodeURIComponent(cacheGroup));
  const [name = ''] = user.split(':', 1);
  const folder =
    isRoot(user) || target === OF_ROOT ? own : path.join(`${own}.users`, encodeURIComponent(name));
  await ensureFolder(folder);
  return folder;
}

async function fileForUser(
  { file, readOnly }: OwnMount,
  copy: string,
  user: string,
): Promise<string | undefined> {
  if (isRoot(user) || !readOnly) return undefined;
  await ensureFolder(path.dirname(copy), 0o755);
  await cp(file, copy, { recursive: true, filter: isCopied });
  await makeReadable(copy);
  return copy;
}

/** Sockets, such as those of ssh's master connections, cannot be copied. */
async function isCopied(file: string): Promise<boolean> {
  const stats = await lstat(file);
  return stats.isFile() || stats.isDirectory() || stats.isSymbolicLink();
}

async function makeReadable(file: string): Promise<void> {
  const stats = await lstat(file);
  if (stats.isSymbolicLink()) return;
  await chmod(file, stats.isDirectory() ? 0o755 : 0o644);
  if (!stats.isDirectory()) return;
  for (const name of await readdir(file)) await makeReadable(path.join(file, name));
}
