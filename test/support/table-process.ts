import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CLAIMS = new URL('../../dist/gpu/claims/', import.meta.url);

/** How a child of these tests ended. */
export interface ChildEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs a module text in a process of its own, with the table at hand; `args` are its `process.argv` from 1. */
export async function tableProcess(
  script: string,
  args: readonly string[],
  more: { prelude?: string; wrapper?: readonly [string, ...string[]] } = {},
): Promise<ChildEnd> {
  const text = `${more.prelude ?? ''}
const { GpuTable } = await import(${JSON.stringify(new URL('gpu-table.js', CLAIMS).href)});
const { overdrawn, takenShare } = await import(${JSON.stringify(new URL('shares.js', CLAIMS).href)});
${script}`;
  const words = [process.execPath, '--input-type=module', '-e', text, ...args];
  const [program, ...rest] = [...(more.wrapper ?? []), ...words];
  const child = spawn(String(program), rest, {
    cwd: fileURLToPath(CLAIMS),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += String(data);
  });
  child.stderr.on('data', (data) => {
    stderr += String(data);
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, stdout, stderr };
}

/**
 * Counts what the process does to files, and kills it with SIGKILL before the n-th of that. To stand before anything
 * imports from `fs`.
 */
export const CRASH_POINT = `
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
globalThis.operations = 0;
globalThis.crashAt = 0;
const counted = (object, name) => {
  const original = object[name];
  object[name] = function (...args) {
    globalThis.operations += 1;
    if (globalThis.operations === globalThis.crashAt) process.kill(process.pid, 'SIGKILL');
    return original.apply(this, args);
  };
};
const handle = await promises.open('/proc/self/stat');
const { open } = promises;
for (const name of ['writeFile', 'chmod', 'sync', 'close']) counted(Object.getPrototypeOf(handle), name);
await handle.close();
for (const name of ['open', 'link', 'rename', 'rm', 'chmod', 'mkdir', 'utimes']) counted(promises, name);
syncBuiltinESMExports();
globalThis.operations = 0;
`;
