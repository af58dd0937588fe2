import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { run } from '../../src/os/exec.js';
import { type EmbeddedServer, serverConfText } from '../../src/server/server.js';
import { pythonOfTool } from './python-tools.js';
import { temporaryFolder } from './temporary-folder.js';

const FOLDER = path.resolve(import.meta.dirname, '../fixtures/server/sdk');
const PATIENCE_MS = 280_000;

export type SdkName = 'clearml' | 'old-clearml' | 'clearml-session';

/** A user's home folder with a `clearml.conf` for the server, in which scripts use an SDK. */
export interface SdkHome {
  folder: string;
  /** Runs a script of `fixtures/server/sdk`; what it printed. */
  run(script: string, ...words: string[]): Promise<string>;
  /** Runs a command of the SDK, such as `clearml-task`; what it printed. */
  command(name: string, ...words: string[]): Promise<string>;
  /** Starts a command that reads its input; it is killed when the test ends. */
  start(name: string, ...words: string[]): ChildProcessWithoutNullStreams;
}

export async function sdkHome(
  t: ExecutionContext,
  server: Pick<EmbeddedServer, 'url' | 'filesUrl' | 'webUrl' | 'credentials'>,
  sdk: SdkName = 'clearml',
): Promise<SdkHome> {
  t.timeout(PATIENCE_MS + 20_000);
  const home = temporaryFolder(t);
  const file = path.join(home, 'clearml.conf');
  await writeFile(file, serverConfText(server));
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    CLEARML_CONFIG_FILE: file,
    CLEARML_CACHE_DIR: path.join(home, 'cache'),
  };
  const python = await pythonOfTool(sdk);
  const ended = async (name: string, ...argv: [string, ...string[]]) => {
    const { stdout, stderr, exitCode } = await run(argv, { env, cwd: home, timeoutMs: PATIENCE_MS });
    if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode}:\n${stdout}\n${stderr}`);
    return stdout;
  };
  return {
    folder: home,
    run: async (script, ...words) => {
      // Outside of this repository, which the SDK would name as that of the script.
      const copy = path.join(home, `${script}.py`);
      await copyFile(path.join(FOLDER, `${script}.py`), copy);
      return ended(script, python, copy, ...words);
    },
    start(name, ...words) {
      const program = path.join(path.dirname(python), name);
      const child = spawn(program, words, { env: { ...env, PYTHONUNBUFFERED: '1' }, cwd: home });
      t.teardown(() => child.kill('SIGKILL'));
      return child;
    },
    command: (name, ...words) => ended(name, path.join(path.dirname(python), name), ...words),
  };
}

export function sdkScriptText(script: string): Promise<string> {
  return readFile(path.join(FOLDER, `${script}.py`), 'utf8');
}

/** The JSON after RESULT in the output of a script. */
export function resultIn<T>(output: string): T {
  const said = /^RESULT (.*)$/m.exec(output)?.[1];
  if (said === undefined) throw new Error(`the script has no result:\n${output}`);
  return JSON.parse(said);
}
