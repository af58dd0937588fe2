import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { Journal } from '../../../src/runs/journal.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/state');
const PULLED = '{"step":"pulled","task":"t","queue":"q"}';
const place = (more: string) => `{"kind":"local","taskId":"t","runFolder":"/r","marker":"m"${more}}`;

test('a journal of the first version is read and continued', async (t) => {
  const folder = temporaryFolder(t);
  copyFileSync(path.join(FIXTURES, 'journal-version-1.jsonl'), path.join(folder, 'journal.jsonl'));
  const state = await Journal.read(folder);
  t.like(state, { task: '0a1b2c', queue: 'q1', last: 'ended', workload: { pid: 4711, marker: '8d6c' } });
  t.is(await Journal.unreadable(folder), undefined);
  const journal = await Journal.open(folder);
  await journal.write({ step: 'reported' });
  await journal.close();
  t.is((await Journal.read(folder))?.last, 'reported');
  const last: unknown = JSON.parse(
    readFileSync(path.join(folder, 'journal.jsonl'), 'utf8').trim().split('\n').at(-1) ?? '',
  );
  t.like(last, { version: 2, step: 'reported' });
});

const UNKNOWN: readonly [what: string, line: string, says: RegExp][] = [
  ['a newer version', '{"version":3,"step":"launched","workload":{}}', /newer version.*format 3/],
  ['an unknown step', '{"step":"paused","until":"noon"}', /the step "paused"/],
  ['an unknown step of this version', '{"version":2,"step":"suspended"}', /the step "suspended"/],
  ['a newer place', `{"step":"preparing","place":${place(',"version":3')}}`, /newer version.*format 3/],
  [
    'a newer workload',
    `{"version":2,"step":"launched","workload":${place(',"output":"o","version":9')}}`,
    /format 9/,
  ],
  [
    'an unknown kind of place',
    '{"version":2,"step":"preparing","place":{"kind":"kubernetes","taskId":"t"}}',
    /kind "kubernetes"/,
  ],
];

for (const [what, line, says] of UNKNOWN) {
  test(`a journal with ${what} is refused and not changed`, async (t) => {
    const folder = temporaryFolder(t);
    const file = path.join(folder, 'journal.jsonl');
    const text = `${PULLED}\n${line}\n{"step":"reported"}\n`;
    writeFileSync(file, text);
    t.is(await Journal.read(folder), undefined);
    t.regex((await Journal.unreadable(folder)) ?? '', says);
    const error = await t.throwsAsync(Journal.open(folder));
    t.like(error, { code: 'NEWER_FORMAT' });
    t.regex(error?.message ?? '', says);
    t.is(readFileSync(file, 'utf8'), text);
  });
}

test('a damaged line between others does not hide them', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, 'journal.jsonl'), `${PULLED}\n\0\0\0\nnull\n{"step":"reported"}\n`);
  t.is((await Journal.read(folder))?.last, 'reported');
});
