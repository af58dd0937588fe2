import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import { ProcReader } from './proc-reader.js';

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
  const pids = await numberedFolders();
  const reader = new ProcReader();
  const boot = bootId(reader);
  return pids.map((pid) => procEntry(reader, pid, boot)).filter((entry) => entry !== undefined);
}

/** One process, zombies included. */
export async function processEntry(pid: number): Promise<ProcessEntry | undefined> {
  if (!onLinux) return (await psEntries(['-p', String(pid)]))[0];
  const reader = new ProcReader();
  return procEntry(reader, pid, bootId(reader));
}

/** Whether a signal does nothing to a process, by its own choice or its parent's; `false` where the system does not say. */
export async function ignoresSignal(pid: number, signal: NodeJS.Signals): Promise<boolean> {
  if (!onLinux) return false;
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(new ProcReader().text(`${pid}/status`) ?? '')?.[1];
  return mask !== undefined && (BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) % 2n === 1n;
}

/** Program and arguments of a process, separated by something; empty for one that has ended. */
export async function commandLine(pid: number): Promise<string> {
  if (!onLinux) return (await psLines(['-ww', '-p', String(pid), '-o', 'command='])).join('\n');
  return new ProcReader().bytes(`${pid}/cmdline`)?.toString() ?? '';
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
  const reader = new ProcReader();
  const rows = onLinux
    ? (await numberedFolders()).map((pid) => ({
        pid,
        words: (reader.text(`${pid}/environ`) ?? '').split('\0'),
      }))
    : (await psLines(['-A', '-E', '-ww', '-o', 'pid=,command='])).map((line) => ({
        pid: Number.parseInt(line, 10),
        words: line.split(' '),
      }));
  return rows.flatMap(({ pid, words }) => {
    const found = words.find((word) => word.startsWith(`${name}=`));
    return found === undefined ? [] : [{ pid, value: found.slice(name.length + 1) }];
  });
}

/** Processes that start while the table is read are read afterwards, in a limited number of rounds. */
const MOST_ROUNDS = 1000;

/**
 * The same without giving way to anything else, newest first; found on Linux only. A process that starts its
 * successor and ends at once is not missed either: what came during the search is searched too.
 */
export function* markedPidsNow(name: string, value: string): Generator<number> {
  if (!onLinux) return;
  const wanted = Buffer.from(`${name}=${value}`);
  const reader = new ProcReader();
  let newest = newestPid(reader);
  let pids = readdirSync('/proc')
    .filter(isNumber)
    .map(Number)
    .sort((one, other) => other - one);
  for (let round = 0; round < MOST_ROUNDS && pids.length > 0; round++) {
    for (const pid of pids) if (environmentHas(reader, pid, wanted)) yield pid;
    const searched = newest;
    newest = newestPid(reader);
    pids = Array.from({ length: Math.max(0, newest - searched) }, (_, index) => newest - index);
  }
}

/** Pids below a process, children before theirs, without giving way to anything else; empty where the kernel lists none. */
export function pidsBelowNow(pid: number): number[] {
  return childrenBelow(new ProcReader(), pid);
}

function childrenBelow(reader: ProcReader, pid: number): number[] {
  const children = childrenNow(reader, pid);
  return [...children, ...children.flatMap((child) => childrenBelow(reader, child))];
}

/** Each thread has a list of its own of what it started. */
function childrenNow(reader: ProcReader, pid: number): number[] {
  try {
    const lists = readdirSync(`/proc/${pid}/task`).map(
      (thread) => reader.text(`${pid}/task/${thread}/children`) ?? '',
    );
    return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  } catch {
    return [];
  }
}

/** proc_loadavg(5): the last field is the pid of the process that was created last. */
function newestPid(reader: ProcReader): number {
  return Number(reader.text('loadavg')?.split(' ')[4]);
}

/** proc_pid_environ(5): a NUL ends each variable. */
function environmentHas(reader: ProcReader, pid: number, wanted: Buffer): boolean {
  const bytes = reader.bytes(`${pid}/environ`);
  if (bytes === undefined) return false;
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) {
    const end = at + wanted.length;
    if ((at === 0 || bytes[at - 1] === 0) && (end === bytes.length || bytes[end] === 0)) return true;
  }
  return false;
}

/** proc_pid_stat(5): the name stands in parentheses and may hold any character, so fields count from its end. */
function procEntry(reader: ProcReader, pid: number, boot: string): ProcessEntry | undefined {
  const stat = reader.text(`${pid}/stat`);
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
function bootId(reader: ProcReader): string {
  return (reader.text('sys/kernel/random/boot_id') ?? '').slice(0, 8);
}

async function numberedFolders(): Promise<number[]> {
  return (await readdir('/proc')).filter(isNumber).map(Number);
}

function isNumber(name: string): boolean {
  return /^\d+$/.test(name);
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
