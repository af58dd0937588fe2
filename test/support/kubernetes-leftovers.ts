import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const RIG = /^kubernetes-rig-(\d+)-/;

/** Start of the name of a rig's folder, which says whose it is. */
export function rigPrefix(): string {
  return path.join(tmpdir(), `kubernetes-rig-${process.pid}-`);
}

/** Ends the clusters of tests that were killed. */
export function sweepRigs(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = RIG.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) clearRig(path.join(tmpdir(), name));
  }
}

/** Ends what runs in the folder of a rig, the processes of its containers included, and removes it. */
export function clearRig(folder: string): void {
  for (const pid of processesOf(folder))
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${folder}/`));
  for (const point of points.reverse())
    try {
      execFileSync('umount', ['-l', point], { stdio: 'pipe' });
    } catch {
      // It went with another one.
    }
  rmSync(folder, { recursive: true, force: true });
}

/** Those that name the folder in their arguments, and all below them: containers outlive their supervisors. */
function processesOf(folder: string): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const found = new Set(all.filter((pid) => textOf(pid, 'cmdline').includes(`${folder}/`)));
  const parents = new Map(all.map((pid) => [pid, /\) \S+ (\d+)/.exec(textOf(pid, 'stat'))?.[1] ?? '']));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found].map(Number);
}

function textOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
