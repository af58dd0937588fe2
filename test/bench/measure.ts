import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}

/** By nearest rank: the smallest value that so large a part of all reaches at most. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Median wall time in seconds of a command over several runs, after one that is not counted. */
export function wallSeconds(argv: readonly string[], runs: number, env: NodeJS.ProcessEnv): number {
  const [file = '', ...args] = argv;
  const once = () => {
    const start = performance.now();
    const { status, error } = spawnSync(file, args, { stdio: 'ignore', env });
    if (error || status !== 0) throw new Error(`${argv.join(' ')} failed: ${error?.message ?? status}`);
    return (performance.now() - start) / 1000;
  };
  once();
  return median(Array.from({ length: runs }, once));
}

/** Resident memory of a process in MB. */
export function residentMegabytes(pid: number): number {
  const match = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? Number.NaN) / 1024;
}

/** Seconds of CPU that a process has used; ticks are a hundredth of a second on Linux. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The same to the nanosecond, of all threads: an idle process uses less than a tick. */
export function exactCpuSeconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const used = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return used.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e9;
}

/** Files, sockets and pipes that a process has open. */
export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Watches the resident memory of a process, MB, until it ends. */
export function watchMemory(pid: number): { peak(): number; stop(): void } {
  let peak = residentMegabytes(pid);
  const timer = setInterval(() => {
    if (existsSync(`/proc/${pid}`)) peak = Math.max(peak, residentMegabytes(pid));
  }, 100);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}
