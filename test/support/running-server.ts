import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { EmbeddedServer } from '../../src/server/server.js';
import { clientOf } from './embedded-server.js';

const SCRIPT = path.resolve(import.meta.dirname, 'server-process.ts');

/** The embedded server as a process of its own, to be killed or measured. */
export async function runningServer(folder: string): Promise<{
  child: ChildProcess;
  server: Pick<EmbeddedServer, 'url' | 'credentials'>;
  call: ReturnType<typeof clientOf>['call'];
}> {
  const child = spawn(process.execPath, ['--import=tsx', SCRIPT, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout ?? process.stdin }), 'line');
  const server: Pick<EmbeddedServer, 'url' | 'credentials'> = JSON.parse(String(line));
  return { child, server, ...clientOf(server) };
}
