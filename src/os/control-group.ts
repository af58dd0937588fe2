import { constants, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { access, mkdir, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ProcReader } from './proc-reader.js';
import { signalProcess } from './processes.js';

/**
 * Control groups of Linux (cgroups(7)) as a list of processes that no process leaves by forking: neither a new session
 * nor a new parent nor an empty environment changes the group. No controller is enabled; those that are enabled already
 * can limit a group.
 */

/** Hierarchies of version 1 that every process is in on its own, the first that is mounted is taken. */
const V1_HIERARCHIES = ['pids', 'freezer', 'name=systemd'];
/** A process that starts its successor and ends at once is met by looking again at once. */
const MOST_ROUNDS = 1000;

/**
 * Makes a control group below this process's own. `undefined` where this user may not (a container, a session that
 * systemd did not delegate), or on another system.
 *
 * @returns its folder
 */
export async function createControlGroup(name: string): Promise<string | undefined> {
  for (const own of await ownGroups()) {
    const folder = path.join(own, name);
    try {
      // Whoever moves a process must be allowed to write in the nearest group above both.
      await access(path.join(own, 'cgroup.procs'), constants.W_OK);
      await mkdir(folder);
    } catch {
      continue;
    }
    if (await takesProcesses(folder)) return folder;
    await removeControlGroup(folder);
  }
  return undefined;
}

/** Of `cpu.max`, in microseconds: the kernel's own. */
const PERIOD_US = 100_000;

export interface ControlGroupLimits {
  /** Processors; a part of one is possible. */
  cpus?: number;
  /** Bytes. */
  memory?: number;
}

/** The interface files of version 2 that set limits, by their names. */
export function limitFiles({ cpus, memory }: ControlGroupLimits): ReadonlyMap<string, string> {
  return new Map([
    ...(cpus === undefined ? [] : [['cpu.max', `${Math.round(cpus * PERIOD_US)} ${PERIOD_US}`] as const]),
    ...(memory === undefined ? [] : [['memory.max', String(memory)] as const]),
  ]);
}

/** Limits a group by the controllers that the group above it hands on; without these nothing is limited. */
export async function limitControlGroup(folder: string, limits: ControlGroupLimits): Promise<void> {
  // Without O_CREAT: the file is there where its controller is.
  for (const [file, text] of limitFiles(limits))
    await writeFile(path.join(folder, file), text, { flag: 'r+' }).catch(() => undefined);
}

/** The file that a process writes its pid into to become a member. */
export function membersFile(folder: string): string {
  return path.join(folder, 'cgroup.procs');
}

/** Pids of the members, those of groups below included; zombies may be among them. Empty for a group that is gone. */
export function controlGroupPids(folder: string): number[] {
  try {
    const own = readFileSync(membersFile(folder), 'latin1').split('\n').filter(Boolean).map(Number);
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    // A process of another pid namespace has the number 0.
    return [
      ...own.filter((pid) => pid > 0),
      ...below.flatMap(({ name }) => controlGroupPids(path.join(folder, name))),
    ];
  } catch {
    return [];
  }
}

/** Sends SIGKILL to all members, at once where the kernel does it (`cgroup.kill`, Linux 5.14). */
export function killControlGroup(folder: string): void {
  try {
    // Without O_CREAT: version 1 does not have the file.
    writeFileSync(path.join(folder, 'cgroup.kill'), '1', { flag: 'r+' });
    return;
  } catch {
    // one by one then
  }
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const hit = controlGroupPids(folder).filter((pid) => signalProcess(pid, 'SIGKILL'));
    if (hit.length === 0) return;
  }
}

/** Removes a group and those below it; one with members stays. */
export async function removeControlGroup(folder: string): Promise<void> {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    for (const entry of entries.filter((one) => one.isDirectory()))
      await removeControlGroup(path.join(folder, entry.name));
    await rmdir(folder);
  } catch {
    // gone already, or still in use: whoever looks for its members sees that
  }
}

async function takesProcesses(folder: string): Promise<boolean> {
  try {
    await access(membersFile(folder), constants.W_OK);
    // Below a threaded group, a new one is `domain invalid` and takes none. Version 1 has no types.
    const type = new ProcReader(folder).text('cgroup.type') ?? 'domain';
    return type.trim() === 'domain';
  } catch {
    return false;
  }
}

/** Folders of the groups that this process is in, version 2 first. */
function ownGroups(): string[] {
  const proc = new ProcReader();
  const mounts = proc.text('self/mountinfo') ?? '';
  const lines = (proc.text('self/cgroup') ?? '').split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const own = (hierarchy: string): string[] => {
    const found = lines.find((line) => line?.[1]?.split(',').includes(hierarchy));
    const mount = mountOf(mounts, hierarchy);
    if (found?.[2] === undefined || mount === undefined) return [];
    const below = path.relative(mount.root, found[2]);
    return below.startsWith('..') ? [] : [path.join(mount.folder, below)];
  };
  return ['', ...V1_HIERARCHIES].flatMap(own);
}

/** proc_pid_mountinfo(5); version 2 is the hierarchy without a name. */
function mountOf(mounts: string, hierarchy: string): { root: string; folder: string } | undefined {
  for (const line of mounts.split('\n')) {
    const [mount = '', system = ''] = line.split(' - ');
    const [, , , root, folder] = mount.split(' ');
    const [type, , options = ''] = system.split(' ');
    const fits =
      hierarchy === '' ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes(hierarchy);
    if (fits && root !== undefined && folder !== undefined) return { root, folder };
  }
  return undefined;
}
