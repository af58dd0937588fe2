import http from 'node:http';
import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';
import { sdkHome } from '../../support/sdk-script.js';

const RUNS = Number(process.env.FORKED_RUNS ?? 2);

test('forked workers that report at once over inherited connections lose nothing', async (t) => {
  const { server, call } = await serverUnderTest(t);
  const home = await sdkHome(t, server);
  t.timeout(170_000 + RUNS * 20_000);
  const iterations = Array.from({ length: 10 }, (_, iteration) => iteration);
  for (let round = 0; round < RUNS; round += 1) {
    const task = /^TASK (\w+)$/m.exec(await home.run('fork_and_report', `forked ${round}`))?.[1];
    t.truthy(task);
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
