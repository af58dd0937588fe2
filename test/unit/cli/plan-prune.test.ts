import test from 'ava';
import { duration } from '../../../src/cli/duration.js';
import { type PruneFacts, planPrune } from '../../../src/cli/prune/plan-prune.js';
import type { StoppedPlace } from '../../../src/drivers/module.js';

const NOW = Date.parse('2026-01-10T00:00:00Z');

function stopped(id: string, minutesAgo: number, state = 'exited'): StoppedPlace {
  const since = new Date(NOW - minutesAgo * 60_000).toISOString();
  return { id, name: id, image: 'python:3', labels: {}, state, exitCode: 0, since, runFolder: undefined };
}

/** What happens to each container: `removed`, or the reason why it stays. */
function verdicts(facts: Partial<PruneFacts>): Record<string, string> {
  const plan = planPrune({
    containers: [],
    needs: new Map(),
    unreadable: new Map(),
    now: NOW,
    olderThanSeconds: 3600,
    abandoned: false,
    ...facts,
  });
  return Object.fromEntries(plan.map(({ container, keptFor }) => [container.id, keptFor ?? 'removed']));
}

test('containers go when they ended long enough ago, those that ended first in front', (t) => {
  const found = verdicts({ containers: [stopped('young', 59), stopped('old', 90), stopped('edge', 60)] });
  t.deepEqual(Object.entries(found), [
    ['old', 'removed'],
    ['edge', 'removed'],
    ['young', 'too young'],
  ]);
});

test('a container that was just made is left to its start, however short the age', (t) => {
  const containers = [stopped('new', 1, 'created'), stopped('stale', 11, 'created'), stopped('ended', 0)];
  t.deepEqual(verdicts({ containers, olderThanSeconds: 0 }), {
    stale: 'removed',
    new: 'too young',
    ended: 'removed',
  });
});

test('what a journal names stays; with --abandoned only where the agent runs', (t) => {
  const containers = [stopped('a', 999), stopped('b', 999), stopped('c', 999)];
  const needs = new Map([
    ['a', { task: 't1', agentRuns: true }],
    ['b', { task: 't2', agentRuns: false }],
  ]);
  const live = 'its agent is running and works on task t1';
  t.deepEqual(verdicts({ containers, needs }), {
    a: live,
    b: 'its agent has to finish task t2 at its next start',
    c: 'removed',
  });
  t.deepEqual(verdicts({ containers, needs, abandoned: true }), { a: live, b: 'removed', c: 'removed' });
});

test('a container of a run whose journal cannot be read stays, also with --abandoned', (t) => {
  const containers = [{ ...stopped('a', 999), runFolder: '/state/runs/t.1' }, stopped('b', 999)];
  const unreadable = new Map([['/state/runs/t.1', 'the journal is of a newer version']]);
  for (const abandoned of [false, true]) {
    t.deepEqual(verdicts({ containers, unreadable, abandoned }), {
      a: 'the journal is of a newer version, so whether its task still needs it is not known',
      b: 'removed',
    });
  }
});

const LENGTHS: readonly (readonly [string, number | undefined])[] = [
  ['4', 4 * 86_400],
  ['96h', 96 * 3600],
  ['30m', 1800],
  ['1d12h', 36 * 3600],
  ['2W', 14 * 86_400],
  ['0', 0],
  ['', undefined],
  ['h', undefined],
  ['-1d', undefined],
  ['1.5h', undefined],
  ['3 days', undefined],
];

for (const [text, seconds] of LENGTHS) {
  test(`"${text}" is ${seconds === undefined ? 'no length of time' : `${seconds} seconds`}`, (t) => {
    const read = () => duration('--older-than')(text);
    if (seconds !== undefined) t.is(read(), seconds);
    else t.throws(read, { code: 'USAGE', message: new RegExp(`--older-than .*got "${text}"`) });
  });
}
