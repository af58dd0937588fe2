import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {
  findOption,
  OPTION_SECTIONS,
  OPTIONS,
  ownValue,
} from '../../../../src/config/options/option-table.js';
import { valueProblem } from '../../../../src/config/value-problem.js';
import { VARIABLES } from '../../../../src/config/variables/variable-table.js';
import { RESOURCE_NAMES } from '../../../../src/container/resources/resource-words.js';
import { typedReads } from '../../../support/typed-reads.js';

const src = path.resolve(import.meta.dirname, '../../../../src');

test('each key has one row, in a chapter of its own', (t) => {
  const keys = OPTIONS.flatMap(({ key, formerly = [] }) => [key, ...formerly]);
  t.deepEqual(keys, [...new Set(keys)]);
  t.is(OPTION_SECTIONS.flatMap(({ options }) => options).length, OPTIONS.length);
});

test('each variable means one thing', (t) => {
  const names = [
    ...OPTIONS.flatMap(({ variables = [] }) => variables),
    ...VARIABLES.flatMap(({ name, aliases = [] }) => [name, ...aliases]),
  ];
  t.deepEqual(names, [...new Set(names)]);
});

test('defaults are of the type of their key', (t) => {
  const wrong = OPTIONS.filter((option) =>
    [option.shipped, option.fallback].some(
      (value) => value !== undefined && valueProblem(option, ownValue(value)) !== undefined,
    ),
  );
  t.deepEqual(wrong, []);
});

test('tasks may state whatever the agent reads of them', (t) => {
  t.deepEqual(findOption('agent.task_resources')?.choices, RESOURCE_NAMES);
});

test('no key lies below another that is a plain value', (t) => {
  const keys = new Set(OPTIONS.map(({ key }) => key));
  const below = [...keys].filter((key) =>
    key.split('.').some((_, length, parts) => length > 0 && keys.has(parts.slice(0, length).join('.'))),
  );
  t.deepEqual(below, []);
});

test('each row says what it is for in one line', (t) => {
  for (const { help } of [...OPTIONS, ...VARIABLES]) t.regex(help, /^[^\n]{5,130}\.$/);
});

/** Every text that looks like a key, and every variable of ours, in the folders that act on them. */
const sources = fs
  .readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith(`config${path.sep}`))
  .map((file) => {
    const text = fs.readFileSync(path.join(src, file), 'utf8');
    return { file, text, reads: typedReads(text) };
  });

test('every key that the code reads has a row', (t) => {
  const known = OPTIONS.flatMap(({ key, formerly = [] }) => [key, ...formerly]);
  const found = sources.flatMap(({ file, text }) =>
    [...text.matchAll(/['"`](?:agent|api)\.[a-z0-9_]+(?:\.[a-z0-9_]+)*['"`]/g)].map(([literal]) => ({
      file,
      key: literal.slice(1, -1),
    })),
  );
  const isPart = (key: string) => (one: string) =>
    one === key || one.startsWith(`${key}.`) || (key.endsWith('_') && one.startsWith(key));
  const unknown = found.filter(({ key }) => !known.some(isPart(key)));
  t.deepEqual(unknown, []);
});

test('every key and variable that has an effect is read where its row says', (t) => {
  const missing = [...OPTIONS, ...VARIABLES].filter(
    (row) => 'consumedBy' in row && row.consumedBy !== 'config' && !readIn(row.consumedBy, row),
  );
  t.deepEqual(missing.map(nameOf), []);
});

test('no key or variable that is read is marked as one without effect', (t) => {
  t.deepEqual(
    [...OPTIONS, ...VARIABLES].filter((row) => 'ignored' in row && readIn('', row)).map(nameOf),
    [],
  );
});

type Row = (typeof OPTIONS)[number] | (typeof VARIABLES)[number];

function nameOf(row: Row): string {
  return 'key' in row ? row.key : row.name;
}

function spellings(row: (typeof VARIABLES)[number]): string[] {
  return [row.name, ...(row.aliases ?? [])];
}

function readIn(folder: string, row: Row): boolean {
  const within = sources.filter(({ file }) => folder === '' || file.startsWith(path.join(folder, path.sep)));
  if ('name' in row) return within.some(({ text }) => spellings(row).some((name) => has(text, name)));
  const key = typedPath(row.key);
  return within.some(({ reads }) => [...reads].some((read) => read === key || read.startsWith(`${key}.`)));
}

function has(text: string, name: string): boolean {
  return new RegExp(`(?<!\\w)${name}(?!\\w)`).test(text);
}

/** `agent.kill_grace_sec` is read as `agent.killGraceSec`. */
function typedPath(key: string): string {
  return key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

test('reads are found by their path, by a section in a constant and by destructuring', (t) => {
  const text = `
    const list = config.agent.git
      .credentialHosts;
    const { packageManager, git: { lfs }, uptime: hours } = ctx.config.agent;
    const mounts = config.agent.dockerInternalMounts;
    use(packageManager.type, mounts.pipCache, other.mounts.aptCache);
    function f({ sdk, env }: Config) { return sdk.aws.s3.key; }`;
  t.deepEqual([...typedReads(text)].sort(), [
    'agent',
    'agent.dockerInternalMounts',
    'agent.dockerInternalMounts.pipCache',
    'agent.git.credentialHosts',
    'agent.git.lfs',
    'agent.packageManager',
    'agent.packageManager.type',
    'agent.uptime',
    'sdk.aws.s3.key',
  ]);
});
