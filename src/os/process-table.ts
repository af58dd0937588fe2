import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { promisify } from 'node:util';

/** One row of the process table. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  /** Dead, waiting for its parent to take notice. */
  zombie: boolean;
  /** Differs for each process that ever had this pid, also across restarts of the machine. */
  startTime: string;
}

const onLinux = process.platform === 'linux';

/** All processes that this user can see. Those that end while the table is read are left out. */
export async function processTable(): Promise<ProcessEntry[]> {
  if (!onLinux) return psEntries(['-A']);
  const boot = await bootId();
  const entries = await Promise.all((await numberedFolders()).map((pid) => procEntry(pid, boot)));
  return entries.filter((entry) => entry !== undefined);
}

/** One process, zombies included. */
export async function processEntry(pid: number): Promise<ProcessEntry | undefined> {
  if (!onLinux) return (await psEntries(['-p', String(pid)]))[0];
  return procEntry(pid, await bootId());
}

/** Whether a signal does nothing to a process, by its own choice or its parent's; `false` where the system does not say. */
export async function ignoresSignal(pid: number, signal: NodeJS.Signals): Promise<boolean> {
  if (!onLinux) return false;
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec((await readProc(`${pid}/status`)) ?? '')?.[1];
  return mask !== undefined && (BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) % 2n === 1n;
}

/** Program and arguments of a process, separated by something; empty for one that has ended. */
export async function commandLine(pid: number): Promise<string> {
  if (!onLinux) return (await psLines(['-ww', '-p', String(pid), '-o', 'command='])).join('\n');
  return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
}

/** Pids of the processes that were started with the variable; only this user's own unless this is root. */
export async function pidsWithVariable(name: string, value: string): Promise<number[]> {
  if (onLinux) return [...markedPidsNow(name, value)];
  const lines = await psLines(['-A', '-E', '-ww', '-o', 'pid=,command=']);
  const matching = lines.filter((line) => line.split(' ').includes(`${name}=${value}`));
  return matching.map((line) => Number.parseInt(line, 10));
}

/** The value of a variable that each process was started with; only this user's own processes unless this is root. */
export async function valuesOfVariable(name: string): Promise<{ pid: number; value: string }[]> {
  const rows = onLinux
    ? (await numberedFolders()).map((pid) => ({ pid, words: environmentNow(pid) }))
    : (await psLines(['-A', '-E', '-ww', '-o', 'pid=,command='])).map((line) => ({
        pid: Number.parseInt(line, 10),
        words: line.split(' '),
      }));
  return rows.flatMap(({ pid, words }) => {
    const found = words.find((word) => word.startsWith(`${name}=`));
    return found === undefined ? [] : [{ pid, value: found.slice(name.length + 1) }];
  });
}

/** Processes that come while the table is read are read after it, but not for ever on a very busy machine. */
const MOST_ROUNDS = 1000;

/**
 * The same without giving way to anything else, newest first; found on Linux only. A process that starts its
 * successor and ends at once is not missed either: what came during the search is searched too.
 */
export function* markedPidsNow(name: string, value: string): Generator<number> {
  if (!onLinux) return;
  const wanted = `${name}=${value}`;
  let newest = newestPid();
  let pids = readdirSync('/proc')
    .filter(isNumber)
    .map(Number)
    .sort((one, other) => other - one);
  for (let round = 0; round < MOST_ROUNDS && pids.length > 0; round++) {
    for (const pid of pids) if (environmentHas(pid, wanted)) yield pid;
    const searched = newest;
    newest = newestPid();
    pids = Array.from({ length: Math.max(0, newest - searched) }, (_, index) => newest - index);
  }
}

/** Pids below a process, children before theirs, without giving way to anything else; empty where the kernel lists none. */
export function pidsBelowNow(pid: number): number[] {
  const children = childrenNow(pid);
  return [...children, ...children.flatMap(pidsBelowNow)];
}

/** Each thread has a list of its own of what it started. */
function childrenNow(pid: number): number[] {
  try {
    const lists = readdirSync(`/proc/${pid}/task`).map((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1'),
    );
    return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  } catch {
    return [];
  }
}

/** proc_loadavg(5): the last field is the pid of the process that was created last. */
function newestPid(): number {
  return Number(readFileSync('/proc/loadavg', 'latin1').split(' ')[4]);
}

function environmentHas(pid: number, wanted: string): boolean {
  return environmentNow(pid).includes(wanted);
}

/** Empty also for a process that has ended or is another user's. */
function environmentNow(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return [];
  }
}

/** proc_pid_stat(5): the name stands in parentheses and may hold any character, so fields count from its end. */
async function procEntry(pid: number, boot: string): Promise<ProcessEntry | undefined> {
  const stat = await readProc(`${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group] = fields;
  const startTicks = fields[19];
  if (startTicks === undefined) return undefined;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    zombie: state === 'Z' || state === 'X',
    startTime: `${boot}:${startTicks}`,
  };
}

/** Start times of Linux count from the start of the machine, so they need its identity beside them. */
async function bootId(): Promise<string> {
  return ((await readProc('sys/kernel/random/boot_id')) ?? '').slice(0, 8);
}

async function numberedFolders(): Promise<number[]> {
  return (await readdir('/proc')).filter(isNumber).map(Number);
}

function isNumber(name: string): boolean {
  return /^\d+$/.test(name);
}

/** A process may end, or belong to another user, at any moment: no content then. */
async function readProc(file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${file}`, 'latin1');
  } catch {
    return undefined;
  }
}

async function psEntries(selection: string[]): Promise<ProcessEntry[]> {
  const lines = await psLines([...selection, '-o', 'pid=,ppid=,pgid=,stat=,lstart=']);
  return lines.flatMap((line) => {
    const [pid, parent, group, state, ...started] = line.split(/\s+/);
    if (state === undefined) return [];
    return [
      {
        pid: Number(pid),
        parent: Number(parent),
        group: Number(group),
        zombie: state.startsWith('Z'),
        startTime: started.join(' '),
      },
    ];
  });
}

async function psLines(args: string[]): Promise<string[]> {
  try {
    const options = { env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/bin:/usr/bin' }, maxBuffer: 64 * 1024 * 1024 };
    const { stdout } = await promisify(execFile)('ps', args, options);
    return stdout
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  } catch {
    return []; // `ps -p` ends with an error when there is no such process.
  }
}
