import test from 'ava';
import { Config } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { shippedLayer } from '../../../src/config/load.js';
import { configChanged, describeChange } from '../../../src/config/reload.js';

function configOf(text: string): Config {
  return new Config({
    env: {},
    base: [shippedLayer(), textLayer(text, 'f', { env: {}, warn: () => undefined })],
  });
}

test('what was added, changed and taken away, without secrets', (t) => {
  const old = configOf('agent { git_user: a, git_pass: one, uptime: [x], cpu_only: true }');
  const fresh = configOf('agent { git_user: b, git_pass: two, uptime: [x], debug: true }');
  t.deepEqual(configChanged(old, fresh).map(describeChange), [
    'agent.git_user: "a" → "b"',
    'agent.git_pass: "****" → "****"',
    'agent.cpu_only: true → not set',
    'agent.debug: not set → true',
  ]);
  t.deepEqual(configChanged(old, old), []);
});
