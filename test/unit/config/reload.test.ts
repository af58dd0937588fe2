import test from 'ava';
import { Config } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { ReloadedConfig } from '../../../src/config/reload.js';

function configOf(text: string): Config {
  return new Config({ env: {}, base: [textLayer(text, 'f', { env: {}, warn: () => undefined })] });
}

/** A configuration whose file has the given texts, one after the other. */
function reloaded(start: string, texts: string[]) {
  const told: string[] = [];
  const read = configOf(start);
  const config = new ReloadedConfig({
    start: { read, complete: read },
    read: () => configOf(texts.shift() ?? ''),
    complete: async (fresh) => {
      told.push('completed');
      return fresh;
    },
    say: (line) => told.push(line),
    warn: (line) => told.push(`warning: ${line}`),
  });
  return { config, told, texts };
}

test('the next task sees what changed, and the log tells it', async (t) => {
  const on = 'agent.reload_config: true';
  const { config, told } = reloaded(`${on}, a: 1`, [`${on}, a: 1`, `${on}, a: 2`, '{', on]);
  const seen = [];
  for (let i = 0; i < 4; i += 1) seen.push((await config.next()).raw('a'));
  t.deepEqual(seen, [1, 2, 2, undefined]);
  t.deepEqual(told, [
    'configuration changed: a: 1 → 2',
    'completed',
    "warning: the changed configuration is not used: f:1:2: expected '}', found the end of the text",
    'configuration changed: a: 2 → not set',
    'completed',
  ]);
});

test('nothing is read again unless it is asked for', async (t) => {
  const { config, texts } = reloaded('a: 1', ['a: 2']);
  t.is((await config.next()).raw('a'), 1);
  t.deepEqual(texts, ['a: 2']);
});
