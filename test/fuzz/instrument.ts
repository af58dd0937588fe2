import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { createInstrumenter } from 'istanbul-lib-instrument';
import { VARIABLE } from './coverage.js';

export interface FuzzModules {
  /** The targets and all of the agent that they use, with a counter at each statement and branch. */
  targets: string;
  /** What tries texts, as it is. */
  loop: string;
  remove(): Promise<void>;
}

/** Makes one file of each. Packages stay outside: they are not what is fuzzed. */
export async function buildModules(): Promise<FuzzModules> {
  const folder = path.resolve('node_modules/.cache/fuzz', String(process.pid));
  await mkdir(folder, { recursive: true });
  const targets = path.join(folder, 'targets.mjs');
  const loop = path.join(folder, 'loop.mjs');
  const instrumenter = createInstrumenter({ esModules: true, coverageVariable: VARIABLE, compact: false });
  await writeFile(targets, instrumenter.instrumentSync(await bundled('targets.ts'), targets));
  await writeFile(loop, await bundled('loop.ts'));
  return { targets, loop, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function bundled(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, name)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
