import { existsSync } from 'node:fs';
import path from 'node:path';
import { run } from '../../src/os/exec.js';
import { ensureFolder } from '../../src/os/files.js';

const FOLDER = path.resolve(import.meta.dirname, '../../node_modules/.cache/node-releases');

/** The program of another Node release, from the npm package that carries it, kept for later runs. */
export async function nodeRelease(major: number): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = path.join(FOLDER, String(major));
  const program = path.join(prefix, 'node_modules', name, 'bin', 'node');
  if (existsSync(program)) return program;
  await ensureFolder(prefix);
  const options = ['--prefix', prefix, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  const result = await run(['npm', 'install', ...options, `${name}@${major}`], { env: process.env });
  if (!existsSync(program)) throw new Error(`cannot fetch ${name}@${major}: ${result.stderr}`);
  return program;
}
