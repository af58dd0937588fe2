import { constants as fileConstants, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';

/**
 * Whether a process has a handler of its own for a signal, by the kernel's `SigCgt` mask; `undefined` where that
 * cannot be told: no such process, no /proc, no such signal.
 *
 * @param signal `SIGTERM`, `TERM` or `15`
 */
export async function handlesSignal(pid: number, signal: string): Promise<boolean | undefined> {
  const number = signalNumber(signal);
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(await proc(pid, 'status'))?.[1];
  if (number === undefined || mask === undefined) return undefined;
  return ((BigInt(`0x${mask}`) >> BigInt(number - 1)) & 1n) === 1n;
}

/** Whether a process of this machine belongs to a control group that has `name` in its path. */
export async function isInGroup(pid: number, name: string): Promise<boolean> {
  return (await proc(pid, 'cgroup')).includes(name);
}

/**
 * Whether `nohup` started this process from a terminal. Node puts every signal back to its default, so that SIGHUP is
 * ignored cannot be seen; but nohup opens /dev/null as the standard input for writing only, which nothing else does.
 */
export function startedByNohup(): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/fdinfo/0', 'utf8'))?.[1] ?? '0';
    return (Number.parseInt(flags, 8) & ACCESS_MODE) === fileConstants.O_WRONLY;
  } catch {
    return false;
  }
}

const ACCESS_MODE = 3;

function signalNumber(signal: string): number | undefined {
  const number = Number(signal);
  if (Number.isInteger(number) && number > 0) return number;
  const name = signal.toUpperCase().replace(/^(?!SIG)/, 'SIG');
  return Object.entries(constants.signals).find(([one]) => one === name)?.[1];
}

async function proc(pid: number, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
}
