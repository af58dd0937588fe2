import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { run } from '../../src/os/exec.js';
import { type EmbeddedServer, serverConfText } from '../../src/server/server.js';
import { pythonOfTool } from './python-tools.js';
import { temporaryFolder } from './temporary-folder.js';

const FOLDER = path.resolve(import.meta.dirname, '../fixtures/server/sdk');
const PATIENCE_MS = 280_000;

export type SdkName = 'clearml' | 'old-clearml';

/** Runs a script of `fixtures/server/sdk` with an SDK against the server; answers what it says after RESULT. */
export async function sdkScript(
  t: ExecutionContext,
  server: EmbeddedServer,
  { sdk, script }: { sdk: SdkName; script: string },
): Promise<unknown> {
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
  const argv: [string, ...string[]] = [await pythonOfTool(sdk), path.join(FOLDER, `${script}.py`)];
  const { stdout, stderr } = await run(argv, { env, cwd: home, timeoutMs: PATIENCE_MS });
  return resultIn(stdout, `${stdout}\n${stderr}`);
}

export function sdkScriptText(script: string): Promise<string> {
  return readFile(path.join(FOLDER, `${script}.py`), 'utf8');
}

/** The JSON after RESULT in the output of a script. */
export function resultIn(output: string, all = output): unknown {
  const said = /^RESULT (.*)$/m.exec(output)?.[1];
  if (said === undefined) throw new Error(`the script has no result:\n${all}`);
  return JSON.parse(said);
}
