import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { DRIVERS } from '../../../src/drivers/registry.js';

const SOURCES = path.resolve('src');
/** Folders of what is above the drivers, or beside them. */
const ABOVE = ['cli', 'daemon', 'task', 'runs', 'repository', 'python'];

function sourcesOf(folder: string): { file: string; text: string }[] {
  const names = readdirSync(path.join(SOURCES, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(folder, name))
    .map((file) => ({ file, text: readFileSync(path.join(SOURCES, file), 'utf8') }));
}

const KINDS = DRIVERS.map(({ kind }) => kind);
/** In these folders a text "local" is the form of an address or of a requirement. */
const LOCAL_IS_A_FORM = ['repository', 'python'];

function namesAKind(text: string, folder: string): boolean {
  const kinds = KINDS.filter((kind) => kind !== 'local' || !LOCAL_IS_A_FORM.includes(folder)).join('|');
  const code = text.replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
  const field = `\\b(?:place|driver|ref|workload|ctx|drivers)\\b[\\w?.]*\\.(?:${KINDS.join('|')})\\b`;
  return new RegExp(`(['"\`])(?:${kinds})\\1|${field}`).test(code);
}

for (const code of [
  "place.kind === 'docker'",
  "switch (kind) { case 'slurm': }",
  '["local"].includes(kind)',
  'ctx.drivers.docker',
])
  test(`the search finds a kind in: ${code}`, (t) => t.true(namesAKind(code, 'task')));

test('the search ignores comments', (t) => {
  t.false(namesAKind("/** `local`, `docker` */\nplace.kind // 'slurm'", 'task'));
});

test('code above the drivers asks what a place can do, and never which driver it is', (t) => {
  const found = ABOVE.flatMap((folder) => sourcesOf(folder).filter(({ text }) => namesAKind(text, folder)));
  t.deepEqual(
    found.map(({ file }) => file),
    [],
  );
});

test('each kind has one module, with a version of its references and a name for messages', (t) => {
  const kinds = DRIVERS.map(({ kind }) => kind);
  t.is(new Set(kinds).size, kinds.length);
  for (const { refVersion, where } of DRIVERS) {
    t.true(Number.isInteger(refVersion) && refVersion > 0);
    t.regex(where, /^(?:in|on) /);
  }
});

test('the first driver needs no flags, each other one is chosen by its own', (t) => {
  const [first, ...others] = DRIVERS;
  t.deepEqual(first.flags, []);
  t.is(first.choose({}), undefined);
  for (const one of others) {
    t.is(one.choose({}), undefined);
    for (const { flags, setting } of one.flags) {
      if (setting === true) continue;
      const name = /^--(\w+)/.exec(flags)?.[1] ?? '';
      const words = flags.includes(' ') ? ['image:1'] : [];
      t.like(one.choose({ [name]: words.length === 0 ? true : words }), { kind: one.kind, words });
    }
  }
});
