import test from 'ava';
import { Registry } from 'prom-client';
import { askHealth } from '../../../src/monitor/ask-health.js';
import { startMetricsServer } from '../../../src/monitor/metrics-server.js';
import { localUrl } from '../../../src/os/local-url.js';

const health = { ok: true };
const settings = {
  host: '127.0.0.1',
  port: 0,
  figures: async () => [],
  registry: new Registry(),
  health: () => health,
};

test('a daemon is asked how it is', async (t) => {
  const server = await startMetricsServer(settings);
  t.deepEqual(await askHealth(server.url), { ok: true, text: '{"ok":true}' });
  health.ok = false;
  t.deepEqual(await askHealth(server.url), { ok: false, text: '{"ok":false}' });
  await server.close();
});

test('a daemon that does not answer is not well', async (t) => {
  const server = await startMetricsServer(settings);
  await server.close();
  const gone = await askHealth(server.url);
  t.false(gone.ok);
  t.regex(gone.text, /^no answer from http:\/\/127\.0\.0\.1:\d+\/healthz: .*ECONNREFUSED/);
});

const ADDRESSES: readonly (readonly [string, string])[] = [
  ['127.0.0.1', 'http://127.0.0.1:9101'],
  ['0.0.0.0', 'http://127.0.0.1:9101'],
  ['::', 'http://[::1]:9101'],
  ['fe80::1', 'http://[fe80::1]:9101'],
  ['agent.local', 'http://agent.local:9101'],
];

for (const [host, base] of ADDRESSES) {
  test(`a daemon that listens on ${host} is asked at ${base}`, (t) =>
    t.is(localUrl('http', host, 9101), base));
}
