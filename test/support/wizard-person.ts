import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { loadConfig } from '../../src/config/load.js';
import { agentHome } from './agent-process.js';
import { startSmallApiServer } from './small-api-server.js';
import { onTerminal, type TerminalStep } from './terminal.js';

const SCRIPT = path.resolve(import.meta.dirname, '../../bin/agent.js');
const KEYS = { accessKey: 'AKEY', secretKey: 'the-secret' };

/** Somebody in front of `agent init`, with a home and a server of their own. */
export async function person(t: ExecutionContext) {
  const server = await startSmallApiServer(KEYS);
  const home = await agentHome();
  t.teardown(async () => {
    await server.close();
    await rm(home.folder, { recursive: true, force: true });
  });
  const file = path.join(home.folder, 'clearml.conf');
  return {
    server,
    home,
    file,
    block: `api {\n  web_server: https://app.example.com\n  api_server: ${server.url}\n  credentials {\n    "access_key" = "AKEY"\n    "secret_key" = "the-secret"\n  }\n}\n`,
    types: (steps: readonly TerminalStep[], words: readonly string[] = ['init']) =>
      onTerminal({ argv: [process.execPath, SCRIPT, ...words], steps, cwd: home.folder, env: home.env }),
    pipes: async (input: string, words: readonly string[] = ['init']) => {
      const child = spawn(process.execPath, [SCRIPT, ...words], { cwd: home.folder, env: home.env });
      let shown = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (shown += String(data)));
      child.stdin.end(input);
      const [status] = await once(child, 'close');
      return { shown, status };
    },
    config: () => loadConfig({ env: {}, home: home.folder, configFile: file }),
    left: async () => (await readdir(home.folder)).filter((name) => !name.startsWith('.')),
  };
}
