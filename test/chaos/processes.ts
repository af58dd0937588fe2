import { readdirSync, readFileSync } from 'node:fs';

/** Processes with this entry in their environment, dead ones that nobody has waited for left out. */
export function processesWith(entry: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => hasEntry(pid, entry) && state(pid) !== 'Z');
}

export function hasEntry(pid: number, entry: string): boolean {
  return contentOf(pid, 'environ').split('\0').includes(entry);
}

/** The number of a process in the innermost container that it is in. */
export function innerPid(pid: number): number | undefined {
  const numbers = /^NSpid:\s+(.*)$/m.exec(contentOf(pid, 'status'))?.[1]?.split(/\s+/);
  return numbers === undefined ? undefined : Number(numbers.at(-1));
}

export function parentOf(pid: number): number | undefined {
  const parent = /^PPid:\s+(\d+)$/m.exec(contentOf(pid, 'status'))?.[1];
  return parent === undefined ? undefined : Number(parent);
}

export function commandOf(pid: number): string[] {
  return contentOf(pid, 'cmdline').split('\0');
}

/** @returns false when it has ended meanwhile */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

function state(pid: number): string | undefined {
  return contentOf(pid, 'stat').split(') ').at(-1)?.[0] ?? 'Z';
}

/** Empty for a process that has ended meanwhile. */
function contentOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
