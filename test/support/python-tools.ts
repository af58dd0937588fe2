import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { run } from '../../src/os/exec.js';
import { ensureFolder } from '../../src/os/files.js';
import { withLock } from '../../src/os/lock.js';

const FOLDER = path.resolve(import.meta.dirname, '../../node_modules/.cache/test-tools');

interface Tool {
  /** What pip installs; the first names the folder. */
  packages: readonly [string, ...string[]];
  program: string;
}

/** `clearml` is the SDK, with what its searches need; the old ones are the previous major releases. */
const TOOLS = {
  uv: { packages: ['uv==0.13.8'], program: 'uv' },
  poetry: { packages: ['poetry==2.5.1'], program: 'poetry' },
  'clearml-agent': { packages: ['clearml-agent==3.0.3'], program: 'clearml-agent' },
  'old-clearml-agent': { packages: ['clearml-agent==1.9.3'], program: 'clearml-agent' },
  clearml: { packages: ['clearml==2.1.12', 'optuna==4.5.0'], program: 'clearml-task' },
  'old-clearml': { packages: ['clearml==1.18.0'], program: 'clearml-task' },
  'clearml-session': { packages: ['clearml-session==0.17.0', 'clearml==2.1.12'], program: 'clearml-session' },
  ruff: { packages: ['ruff==0.17.6'], program: 'ruff' },
} as const satisfies Record<string, Tool>;

/** The last series with `pkg_resources`, which older tools import and name nowhere; `venv` brings an older one than uv. */
const SETUPTOOLS = 'setuptools<81';

/** The real program of a package tool, from the package index, kept for later runs of the tests. */
export async function pythonTool(name: keyof typeof TOOLS): Promise<string> {
  const { packages, program: named }: Tool = TOOLS[name];
  const folder = path.join(FOLDER, packages.map((one) => one.replace('==', '-')).join('+'));
  const program = path.join(folder, 'bin', named);
  if (existsSync(program)) return program;
  await ensureFolder(FOLDER);
  await withLock(`${folder}.lock`, { timeoutMs: 170_000, what: `the installation of ${name}` }, async () => {
    if (existsSync(program)) return;
    if (name === 'uv' || !(await installedByUv(folder, packages))) await installByPip(folder, packages);
  });
  return program;
}

async function installByPip(folder: string, packages: readonly string[]): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await must([await environmentMaker(), '-m', 'venv', folder]);
  await must([path.join(folder, 'bin', 'python'), '-m', 'pip', 'install', '--quiet', ...packages]);
}

/** A tenth of pip's work, but blind to pip's settings, without which a machine may reach no index. */
async function installedByUv(folder: string, packages: readonly string[]): Promise<boolean> {
  const uv = await pythonTool('uv');
  await rm(folder, { recursive: true, force: true });
  const commands: readonly [string, ...string[]][] = [
    [uv, 'venv', '--quiet', '--seed', '--python', await environmentMaker(), folder],
    [
      uv,
      'pip',
      'install',
      '--quiet',
      '--python',
      path.join(folder, 'bin', 'python'),
      ...packages,
      SETUPTOOLS,
    ],
  ];
  for (const command of commands) if ((await run(command, { env: process.env })).exitCode !== 0) return false;
  return true;
}

/** The interpreter that has the packages of a tool. */
export async function pythonOfTool(name: keyof typeof TOOLS): Promise<string> {
  return path.join(path.dirname(await pythonTool(name)), 'python');
}

/** All of them at once, so that no test waits for the package index. */
export async function installPythonTools(): Promise<void> {
  const names = ['uv', 'poetry', 'clearml-agent', 'old-clearml-agent', 'clearml', 'old-clearml'] as const;
  await Promise.all(names.map((name) => pythonTool(name)));
}

/** A Python that can make environments: Debian's own may lack `ensurepip` where another one is in PATH, or the other way round. */
async function environmentMaker(): Promise<string> {
  const { exitCode } = await run(['python3', '-c', 'import ensurepip, venv'], { env: process.env });
  return exitCode === 0 ? 'python3' : '/usr/bin/python3';
}

async function must(argv: [string, ...string[]]): Promise<void> {
  const result = await run(argv, { env: process.env });
  if (result.exitCode !== 0) throw new Error(`${argv.join(' ')}: ${result.stderr}`);
}
