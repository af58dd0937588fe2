import test from 'ava';
import { unservedLine, unservedQueues } from '../../../src/cli/daemon/unserved-queues.js';

const RESOLVED = { queues: ['Team', 'team:3', 'x=1'], queueIds: ['id1', 'id2', 'id3'] };

const CASES: [
  title: string,
  typed: string[],
  daemon: { queues: string[]; queueIds?: string[] },
  expected: string[],
][] = [
  ['names and ids', ['team', 'TEAM:3', 'id3', 'other', 'id4'], RESOLVED, ['other', 'id4']],
  ['weights and sizes', ['team:5', 'team:5=2', 'team=1-4', 'x=1=0.5', 'other:5=2'], RESOLVED, ['other:5=2']],
  ['a name that has another as its beginning', ['b'], { queues: ['b:3'], queueIds: ['id'] }, ['b']],
  ['before the server has resolved the names', ['b', 'c'], { queues: ['b:3'] }, ['c']],
  ['queues that are not known', ['b'], { queues: [] }, []],
];

for (const [title, typed, daemon, expected] of CASES)
  test(title, (t) => t.deepEqual(unservedQueues(typed, daemon), expected));

test('one line names what is not served and what is', (t) => {
  const daemon = { workerId: 'box:0', ...RESOLVED };
  t.is(
    unservedLine(['other', 'team'], daemon),
    'box:0, which was chosen by its worker id and not by --queue, does not serve "other"; it serves Team, team:3, x=1',
  );
  t.is(unservedLine(['team'], daemon), undefined);
});
