import test from 'ava';
import { devicesOf, RunBoard } from '../../../src/daemon/runs/run-board.js';

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

const CLAIMED = { kind: 'gpus', claim: 'c', devices: [{ key: 'k', id: '3', share: 1 }] } as const;
const DEVICES: Readonly<
  Record<string, [visible: string, grant: Parameters<typeof devicesOf>[1], devices: string[]]>
> = {
  'GPUs of its own': ['0-7', CLAIMED, ['3']],
  'the GPUs of a daemon that runs one task': ['0-2', { kind: 'whole' }, ['0', '1', '2']],
  'slices as they are named everywhere else': ['0:1', undefined, ['0.1']],
  'none in a slot': ['none', { kind: 'slot', slot: 0 }, []],
  'none of a daemon without GPUs': ['none', undefined, []],
  'unknown ones where all are visible': ['all', undefined, []],
};

for (const [title, [visible, grant, devices]] of Object.entries(DEVICES)) {
  test(`a run has ${title}`, (t) => {
    t.deepEqual(devicesOf({ NVIDIA_VISIBLE_DEVICES: visible }, grant), devices);
  });
}
