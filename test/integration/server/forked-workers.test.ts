import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import test from 'ava';
import { run } from '../../../src/os/exec.js';
import { serverConfText } from '../../../src/server/server.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { pythonOfTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const SCRIPT = path.resolve(import.meta.dirname, '../../fixtures/server/fork-and-report.py');
const RUNS = Number(process.env.FORKED_RUNS ?? 2);

test('forked workers that report at once over inherited connections lose nothing', async (t) => {
  t.timeout(170_000 + RUNS * 20_000);
  const python = await pythonOfTool('clearml');
  const { server, call } = await serverUnderTest(t);
  const home = temporaryFolder(t);
  const file = path.join(home, 'clearml.conf');
  await writeFile(file, serverConfText(server));
  const env = { PATH: process.env.PATH, HOME: home, CLEARML_CONFIG_FILE: file };
  const iterations = Array.from({ length: 10 }, (_, iteration) => iteration);
  for (let round = 0; round < RUNS; round += 1) {
    const result = await run([python, SCRIPT, `forked ${round}`], { env, cwd: home, timeoutMs: 150_000 });
    const task = /^TASK (\w+)$/m.exec(result.stdout)?.[1];
    t.truthy(task, `${result.stdout}\n${result.stderr}`);
    const curves = await call<{ forked?: Record<string, { x: number[] }> }>(
      'events.scalar_metrics_iter_histogram',
      { task },
    );
    const seen = Object.entries(curves.forked ?? {}).map(([worker, { x }]) => [worker, x]);
    t.deepEqual(
      seen,
      ['0', '1', '2', '3'].map((worker) => [worker, iterations]),
      `run ${round}`,
    );
  }
});

test('connections of Python clients end with the answer, others are kept', async (t) => {
  const { server } = await serverUnderTest(t);
  const connection = (url: string, userAgent: string) =>
    new Promise<string | undefined>((resolve, reject) => {
      const agent = new http.Agent({ keepAlive: true });
      const request = http.get(url, { agent, headers: { 'user-agent': userAgent } }, (response) => {
        response.resume().on('end', () => agent.destroy());
        resolve(response.headers.connection);
      });
      request.on('error', reject);
    });
  for (const url of [`${server.url}/debug.ping`, `${server.url}/no.endpoint`, `${server.filesUrl}/a/file`]) {
    t.is(await connection(url, 'python-requests/2.32.3'), 'close', url);
    t.is(await connection(url, 'clearml-agent-node'), 'keep-alive', url);
  }
});
