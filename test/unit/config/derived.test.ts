import test from 'ava';
import { Config, type ConfigTree, type Environment } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { olderNames } from '../../../src/config/derived.js';
import type { ConfigLayer } from '../../../src/config/layers.js';
import type { Option } from '../../../src/config/options/option.js';
import { findOption } from '../../../src/config/options/option-table.js';
import { describeSource } from '../../../src/config/source.js';
import { validateConfig } from '../../../src/config/validate.js';

function configOf(text: string, env: Environment = {}): Config {
  return new Config({ env, base: [textLayer(text, 'f', { env, warn: () => undefined })] });
}

test('either name of the API server gives the other, with its source', (t) => {
  const older = configOf('api {\n host: "http://h" }');
  t.is(older.api.apiServer, 'http://h');
  t.is(describeSource(older.source('api.api_server')), 'f:2');
  t.is(configOf('api.api_server: "http://s"').raw('api.host'), 'http://s');
  const both = configOf('api { host: "http://h", api_server: "http://s" }');
  t.deepEqual([both.raw('api.host'), both.api.apiServer], ['http://h', 'http://s']);
  t.is(configOf('api.api_server: ""').raw('api.host'), undefined);
});

const VERSIONS: readonly [written: string, compact: string][] = [
  ['11.8', '118'],
  ['11.0', '110'],
  ['"8.6.0"', '86'],
  ['121', '121'],
  ['"none"', 'none'],
];

for (const [written, compact] of VERSIONS) {
  test(`CUDA ${written} is ${compact}`, (t) => {
    t.is(configOf(`agent.cuda_version: ${written}`).agent.cudaVersion, compact);
  });
}

test('the account of the environment is added to the Azure containers', (t) => {
  const text = 'sdk.azure.storage.containers: [{ account_name: "a", account_key: "b" }]';
  const config = configOf(text, { AZURE_STORAGE_ACCOUNT: 'acc', AZURE_STORAGE_KEY: 'key' });
  t.deepEqual(config.raw('sdk.azure.storage.containers'), [
    { account_name: 'a', account_key: 'b' },
    { account_name: 'acc', account_key: 'key' },
  ]);
});

test('an older name of a key applies while only a default sets the key', (t) => {
  const renamed: Option[] = [
    { key: 'agent.new', formerly: ['agent.old', 'agent.oldest'], type: 'text', help: '.', consumedBy: 'cli' },
  ];
  const layer = (kind: 'default' | 'file', agent: ConfigTree): ConfigLayer => ({
    tree: { agent },
    source: { kind, name: kind },
  });
  const values = (...layers: ConfigLayer[]) => olderNames(renamed, layers).map(({ tree }) => tree);
  const shipped = layer('default', { new: 'shipped' });
  t.deepEqual(values(shipped, layer('file', { old: 'a', oldest: 'b' })), [{ agent: { new: 'a' } }]);
  t.deepEqual(values(layer('file', { old: '', oldest: 'b', new: null })), [{ agent: { new: 'b' } }]);
  t.deepEqual(values(shipped, layer('file', { new: 'c', old: 'a' })), []);
  t.deepEqual(values(shipped), []);
});

test('an older name is a known key', (t) => {
  const config = configOf('api.host: "http://h"');
  t.deepEqual(validateConfig(config).warnings, []);
  t.is(findOption('api.host')?.key, 'api.api_server');
});
