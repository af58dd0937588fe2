import { constants as fileConstants, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcReader } from './proc-reader.js';

/** Number of the call `rt_sigtimedwait`, which is `sigwait` in C, by Node's names of processors. */
const SIGWAIT: Readonly<Record<string, string>> = {
  x64: '128',
  arm64: '137',
  riscv64: '137',
  ppc64: '176',
  s390x: '177',
};

/**
 * Whether a process can take a signal that the kernel does not act on by itself, as it is for the first process of a
 * container: by a handler, by waiting for it with the signal blocked (signalfd), or in sigwait, as the small inits
 * that pass signals on. While it is in sigwait, `SigBlk` lacks what it waits for. `undefined` if that is
 * unknown: no such process, no /proc, no such signal, a process of another user.
 *
 * @param signal `SIGTERM`, `TERM` or `15`
 */
export async function takesSignal(pid: number, signal: string): Promise<boolean | undefined> {
  for (let look = 1; ; look += 1) {
    const takes = takesNow(pid, signal);
    if (takes !== false || look === LOOKS) return takes;
    await sleep(LOOK_MS);
  }
}

/** The two files of a look are read one after the other; an init may leave its sigwait between them. */
const LOOKS = 8;
const LOOK_MS = 5;

function takesNow(pid: number, signal: string): boolean | undefined {
  const number = signalNumber(signal);
  const status = proc(pid, 'status');
  const masks = [...status.matchAll(/^Sig(?:Cgt|Blk):\s*([0-9a-f]+)$/gm)].map(([, mask]) =>
    BigInt(`0x${mask}`),
  );
  if (number === undefined || masks.length === 0) return undefined;
  if (masks.some((mask) => ((mask >> BigInt(number - 1)) & 1n) === 1n)) return true;
  const [call = ''] = proc(pid, 'syscall').trim().split(' ', 1);
  const sigwait = SIGWAIT[process.arch];
  return call === '' || sigwait === undefined ? undefined : call === sigwait;
}

/** Whether a process of this machine belongs to a control group that has `name` in its path. */
export async function isInGroup(pid: number, name: string): Promise<boolean> {
  return proc(pid, 'cgroup').includes(name);
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

function proc(pid: number, file: string): string {
  return new ProcReader().text(`${pid}/${file}`) ?? '';
}
