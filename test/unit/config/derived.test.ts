import test from 'ava';
import { Config, type Environment } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { describeSource } from '../../../src/config/source.js';

function configOf(text: string, env: Environment = {}): Config {
  return new Config({ env, base: [textLayer(text, 'f', { env, warn: () => undefined })] });
}

test('either name of the API server gives the other, with its source', (t) => {
  const older = configOf('api {\n host: "http://h" }');
  t.is(older.string('api.api_server'), 'http://h');
  t.is(describeSource(older.source('api.api_server')), 'f:2');
  t.is(configOf('api.api_server: "http://s"').string('api.host'), 'http://s');
  const both = configOf('api { host: "http://h", api_server: "http://s" }');
  t.deepEqual([both.string('api.host'), both.string('api.api_server')], ['http://h', 'http://s']);
  t.is(configOf('api.api_server: ""').value('api.host'), undefined);
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
    t.is(configOf(`agent.cuda_version: ${written}`).string('agent.cuda_version'), compact);
  });
}

test('the account of the environment is added to the Azure containers', (t) => {
  const text = 'sdk.azure.storage.containers: [{ account_name: "a", account_key: "b" }]';
  const config = configOf(text, { AZURE_STORAGE_ACCOUNT: 'acc', AZURE_STORAGE_KEY: 'key' });
  t.deepEqual(config.value('sdk.azure.storage.containers'), [
    { account_name: 'a', account_key: 'b' },
    { account_name: 'acc', account_key: 'key' },
  ]);
});
