import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { GrantRecord } from '../../../src/runs/grant-record.js';
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
  ['a newer version', '{"version":4,"step":"launched","workload":{}}', /newer version.*format 4/],
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
    '{"version":2,"step":"preparing","place":{"kind":"nomad","taskId":"t"}}',
    /kind "nomad"/,
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

const DEVICES = [{ key: 'GPU-1', id: '1', share: 0.5 }];
const HELD: readonly [what: string, grant: unknown, read: GrantRecord | undefined][] = [
  ['nothing', undefined, undefined],
  ['an unknown kind', { kind: 'cluster', slot: 1 }, undefined],
  ['a slot', { kind: 'slot', slot: 1, worker: 'w' }, { kind: 'slot', slot: 1, worker: 'w' }],
  ['GPUs', { kind: 'gpus', claim: 'c', devices: DEVICES }, { kind: 'gpus', claim: 'c', devices: DEVICES }],
  ['a claim without devices', { kind: 'gpus', claim: 'c' }, { kind: 'gpus' }],
  ['a damaged device', { kind: 'whole', claim: 'c', devices: [{ key: 1 }] }, { kind: 'whole' }],
];

for (const [what, grant, read] of HELD) {
  test(`the step of a pulled task says that its run holds ${what}`, async (t) => {
    const folder = temporaryFolder(t);
    const entry = { version: 3, step: 'pulled', task: 't', queue: 'q', grant };
    writeFileSync(path.join(folder, 'journal.jsonl'), `${JSON.stringify(entry)}\n`);
    t.deepEqual((await Journal.read(folder))?.grant, read);
  });
}

test('only a step with such a grant, or an end by a time limit, needs the newer version', async (t) => {
  const folder = temporaryFolder(t);
  const journal = await Journal.open(folder);
  await journal.write({ step: 'pulled', task: 't', queue: 'q' });
  await journal.write({ step: 'pulled', task: 't', queue: 'q', grant: { kind: 'slot', slot: 0 } });
  const place = { kind: 'local', taskId: 't' };
  await journal.write({ step: 'preparing', place, timeLimit: { ms: 5, since: 7 } });
  await journal.write({ step: 'stopping', end: { kind: 'stop', reason: 'time_limit' } });
  await journal.write({ step: 'ended', end: { kind: 'stop', reason: 'stopped' } });
  await journal.close();
  const lines = readFileSync(path.join(folder, 'journal.jsonl'), 'utf8').trim().split('\n');
  t.deepEqual(
    lines.map((line) => JSON.parse(line).version),
    [2, 3, 2, 3, 2],
  );
  t.deepEqual((await Journal.read(folder))?.timeLimit, { ms: 5, since: 7 });
});

test('a damaged line between others does not hide them', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, 'journal.jsonl'), `${PULLED}\n\0\0\0\nnull\n{"step":"reported"}\n`);
  t.is((await Journal.read(folder))?.last, 'reported');
});
