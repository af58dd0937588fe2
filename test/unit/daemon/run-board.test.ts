import test from 'ava';
import { RunBoard } from '../../../src/daemon/runs/run-board.js';

const RUN = { task: 'a', queue: 'q', worker: 'rig:0' };

test('a run is shown from its start to its end, with what became known of it', (t) => {
  const clock = { now: 1000 };
  const board = new RunBoard(() => clock.now);
  board.started({ ...RUN, devices: ['0'] });
  clock.now = 2000;
  board.phase('a', 'claim');
  board.note('a', { name: 'train', place: 'docker', worker: 'rig:0:service:a' });
  board.phase('a', 'supervise');
  clock.now = 3000;
  board.phase('a', 'supervise');
  board.line('a', 'one\ntwo\n\n');
  t.deepEqual(board.view(), [
    {
      ...RUN,
      worker: 'rig:0:service:a',
      devices: ['0'],
      name: 'train',
      place: 'docker',
      started: 1000,
      phase: 'running',
      phaseSince: 2000,
      lastLine: 'two',
    },
  ]);
  board.ended('a');
  t.deepEqual(board.view(), []);
});

const LINES: [text: string, last: string | undefined][] = [
  ['', undefined],
  ['\n \n', undefined],
  ['one', 'one'],
  ['one\n', 'one'],
  ['one\r\n\r\n', 'one'],
  ['10 %\r20 %\r', '20 %'],
  [`first\n${'x'.repeat(600)}\n`, 'x'.repeat(500)],
];

for (const [text, last] of LINES) {
  test(`the last line of ${JSON.stringify(text).slice(0, 40)}`, (t) => {
    const board = new RunBoard();
    board.started(RUN);
    board.line('a', text);
    t.is(board.view()[0]?.lastLine, last);
  });
}

test('reports of a finished run are ignored', (t) => {
  const board = new RunBoard();
  board.line('a', 'one');
  board.phase('a', 'supervise');
  board.note('a', { name: 'train' });
  t.deepEqual(board.view(), []);
});
