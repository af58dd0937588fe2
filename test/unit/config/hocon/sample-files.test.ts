import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { parseHocon } from '../../../../src/config/hocon/parse-hocon.js';
import { OPTIONS } from '../../../../src/config/options/option-table.js';
import { isTree, splitKey, valueAt } from '../../../../src/config/tree.js';

const root = path.resolve(import.meta.dirname, '../../../..');
const reference = path.resolve(root, '../shared/reference');

interface Sample {
  text: string;
  env: Record<string, string>;
  expected: unknown;
}

/** The complete sample of the original where it is at hand, else what a user fills in of our own example file. */
function sample(): Sample {
  if (!fs.existsSync(path.join(reference, 'clearml.conf'))) {
    const [, api = ''] = /^(api \{\n[\s\S]*?^\})/m.exec(ownExample()) ?? [];
    return { text: api, env: {}, expected: { api: API_OF_EXAMPLE } };
  }
  const { env, expected } = JSON.parse(
    fs.readFileSync(path.join(reference, 'clearml.conf.expected.json'), 'utf8'),
  );
  return { text: fs.readFileSync(path.join(reference, 'clearml.conf'), 'utf8'), env, expected };
}

const API_OF_EXAMPLE = {
  api_server: 'https://api.clear.ml',
  web_server: 'https://app.clear.ml',
  files_server: 'https://files.clear.ml',
  credentials: { access_key: '', secret_key: '' },
  http: { retries: {} },
  auth: {},
};

function ownExample(): string {
  return fs.readFileSync(path.join(root, 'clearml.conf.example'), 'utf8');
}

function read(text: string, env: Record<string, string> = {}): unknown {
  return parseHocon(text, { file: 'clearml.conf', env }).root;
}

test('a complete sample file is read', (t) => {
  const { text, env, expected } = sample();
  t.deepEqual(JSON.parse(JSON.stringify(read(text, env))), expected);
});

test('2,000 lines are read within 20 ms', (t) => {
  const { text, env } = sample();
  const lines = text.split('\n');
  const copies = Array.from({ length: Math.ceil(2000 / lines.length) }, () => text);
  // Time of the processor, the least of many: other tests run beside this one.
  const times = Array.from({ length: 20 }, () => {
    const start = process.cpuUsage();
    read(copies.join('\n'), env);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  t.true(Math.min(...times) < 20, `${times.map((time) => time.toFixed(1)).join(', ')} ms`);
});

test('the example file means what its comments say', (t) => {
  t.deepEqual(Object.keys(read(ownExample()) as object), ['api', 'agent', 'sdk', 'environment', 'files']);
  const everything = read(ownExample().replace(/^( *)#(?![ ])/gm, '$1'));
  t.true(isTree(everything as never));
  for (const option of OPTIONS) {
    const value = valueAt(everything as never, splitKey(option.key));
    if ('ignored' in option) t.is(value, undefined, option.key);
    else if (option.shipped && !option.example) t.deepEqual(value, option.shipped, option.key);
    else t.not(value, undefined, option.key);
  }
});
