import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { type RunResult, run } from '../../../src/os/exec.js';
import { ensureFolder } from '../../../src/os/files.js';
import { tempFolder } from '../../support/local-run.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** As a user of another machine would: an empty home, no variables of the agent, and this Node. */
function cleanEnvironment(home: string): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(CLEARML|TRAINS|NODE_OPTIONS|npm_)/.test(name),
  );
  const PATH = `${path.dirname(process.execPath)}:${process.env.PATH}`;
  return { ...Object.fromEntries(kept), HOME: home, PATH };
}

async function must(argv: [string, ...string[]], cwd: string, home: string): Promise<RunResult> {
  const result = await run(argv, { cwd, env: cleanEnvironment(home), timeoutMs: 170_000 });
  if (result.exitCode !== 0) throw new Error(`${argv.join(' ')}: ${result.stderr || result.stdout}`);
  return result;
}

test('the packed program installs into an empty folder and works from there, without install scripts', async (t) => {
  t.timeout(280_000, 'fetching packages and the demonstration take their time');
  const folder = await tempFolder(t);
  const home = path.join(folder, 'home');
  const prefix = path.join(folder, 'prefix');
  await ensureFolder(home);
  // The user's own npm cache, so that a second run fetches nothing.
  const cache = (await run(['npm', 'config', 'get', 'cache'], { cwd: ROOT, env: process.env })).stdout.trim();
  await must(['npm', 'pack', '--ignore-scripts', '--pack-destination', folder], ROOT, home);
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--cache', cache];
  await must(['npm', 'install', '--global', '--prefix', prefix, ...quiet, `./${tarball}`], folder, home);

  const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
  for (const name of ['agent', 'clearml-agent']) {
    const { stdout } = await must([path.join(prefix, 'bin', name), '--version'], home, home);
    t.true(stdout.includes(version), name);
  }
  const demo = await must([path.join(prefix, 'bin', 'agent'), 'demo'], home, home);
  t.regex(demo.stdout, /Process completed successfully[\s\S]*The task is completed/);
});
