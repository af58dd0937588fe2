import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { builtPattern } from '../setup/built-tests.js';
import { emptyTally, type Tally } from './tally.js';
import { TapReader } from './tap.js';

export interface Step {
  title: string;
  run(): Promise<Tally>;
}

export interface AvaRun {
  files: readonly string[];
  /** Test files at once. */
  concurrency: number;
  /** The Node that runs the tests. */
  node: string;
  /** Further variables of the tests. */
  env?: Readonly<Record<string, string>>;
  /** One line for all tests that are skipped, instead of one for each. */
  skipLine?: (skipped: number) => string;
}

const ROOT = path.resolve(import.meta.dirname, '../..');

/** A step that is right when all its commands end well: programs of the project's own packages, or of PATH. */
export function checkStep(title: string, commands: readonly (readonly [string, ...string[]])[]): Step {
  return {
    title,
    async run() {
      const statuses = await Promise.all(commands.map(statusOf));
      const failed = statuses.some((status) => status !== 0);
      return failed ? { ...emptyTally(), failed: 1, failures: [title] } : { ...emptyTally(), passed: 1 };
    },
  };
}

async function statusOf([program, ...args]: readonly [string, ...string[]]): Promise<unknown> {
  const own = path.join(ROOT, 'node_modules/.bin');
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...process.env, PATH: `${own}:${process.env.PATH ?? ''}` },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [status] = await once(child, 'exit');
  return status;
}

/** Another Node goes first; this one is found already, and what lies beside it (a system's Python) must not win. */
function searchPath(node: string): string {
  const given = process.env.PATH ?? '';
  return node === process.execPath ? given : `${path.dirname(node)}:${given}`;
}

/** A step that runs test files; a run that ends badly without a failed test counts as one failed. */
export function avaStep(title: string, { files, concurrency, node, env = {}, skipLine }: AvaRun): Step {
  return {
    title,
    async run() {
      const ava = path.join(ROOT, 'node_modules/ava/entrypoints/cli.mjs');
      const options = ['--config', 'ava.built.config.mjs', '--tap', '--concurrency', String(concurrency)];
      const child = spawn(node, [ava, ...options, ...files.map(builtPattern)], {
        cwd: ROOT,
        env: { ...process.env, ...env, PATH: searchPath(node) },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exit = once(child, 'exit');
      const reader = new TapReader({ showsSkipped: skipLine === undefined });
      for await (const text of createInterface(child.stdout)) {
        const shown = reader.line(text);
        if (shown !== undefined) process.stdout.write(`${shown}\n`);
      }
      const [code, signal] = await exit;
      const { tally } = reader;
      if (skipLine && tally.skipped > 0) process.stdout.write(`  - ${skipLine(tally.skipped)}\n`);
      if (code === 0 || tally.failed > 0) return tally;
      return { ...tally, failed: 1, failures: [`${title}: ava ended with ${signal ?? `status ${code}`}`] };
    },
  };
}
