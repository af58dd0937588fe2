import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { run } from '../../src/os/exec.js';
import { ensureFolder } from '../../src/os/files.js';
import { withLock } from '../../src/os/lock.js';

const FOLDER = path.resolve(import.meta.dirname, '../../node_modules/.cache/test-tools');
/** Each brings the program of its name; `clearml`, the SDK, brings this one among others. */
const VERSIONS = {
  uv: '0.13.8',
  poetry: '2.5.1',
  'clearml-agent': '3.0.3',
  clearml: '2.1.12',
  ruff: '0.17.6',
} as const;
const PROGRAMS: Partial<Record<keyof typeof VERSIONS, string>> = { clearml: 'clearml-task' };

/** The real program of a package tool, from the package index, kept for later runs of the tests. */
export async function pythonTool(name: keyof typeof VERSIONS): Promise<string> {
  const folder = path.join(FOLDER, `${name}-${VERSIONS[name]}`);
  const program = path.join(folder, 'bin', PROGRAMS[name] ?? name);
  if (existsSync(program)) return program;
  await ensureFolder(FOLDER);
  await withLock(`${folder}.lock`, { timeoutMs: 170_000, what: `the installation of ${name}` }, async () => {
    if (existsSync(program)) return;
    await rm(folder, { recursive: true, force: true });
    const python = path.join(folder, 'bin', 'python');
    await must([await environmentMaker(), '-m', 'venv', folder]);
    await must([python, '-m', 'pip', 'install', '--quiet', `${name}==${VERSIONS[name]}`]);
  });
  return program;
}

/** All of them at once, so that no test waits for the package index. */
export async function installPythonTools(): Promise<void> {
  const names: (keyof typeof VERSIONS)[] = ['uv', 'poetry', 'clearml-agent', 'clearml'];
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
