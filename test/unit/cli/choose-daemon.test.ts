import test from 'ava';
import { chooseDaemon } from '../../../src/cli/daemon/choose-daemon.js';
import { workerIdentity } from '../../../src/daemon/worker-id.js';

interface Flags {
  workerId?: string;
  visible?: string;
}

function chosen(living: readonly string[], { workerId, visible }: Flags): string | undefined {
  const identity = workerIdentity({
    workerId,
    workerName: undefined,
    hostname: 'box',
    visibility: { visible },
  });
  return chooseDaemon(
    living.map((id) => ({ workerId: id })),
    identity,
  )?.workerId;
}

const CASES: [title: string, living: string[], flags: Flags, expected: string | undefined][] = [
  ['nothing runs', [], {}, undefined],
  ['the first with a number', ['box:cpu:0', 'box:gpu0', 'box:1', 'box:2'], {}, 'box:1'],
  ['none with a number', ['box:cpu:0', 'box:gpu0'], {}, 'box:cpu:0'],
  ['another machine in the same home', ['other:0'], {}, undefined],
  ['without GPUs', ['box:0', 'box:cpu:3', 'box:gpu0'], { visible: 'none' }, 'box:cpu:3'],
  ['by its GPUs', ['box:gpu0', 'box:gpu0,1', 'box:gpu0:1'], { visible: '0,1' }, 'box:gpu0,1'],
  ['one that shares the GPUs', ['box:gpu0,1', 'box:gpu0:1'], { visible: '0' }, 'box:gpu0:1'],
  ['not one with other GPUs', ['box:0', 'box:gpu0,1'], { visible: '0' }, undefined],
  ['by its chosen id', ['box:0', 'mine', 'mine:0'], { workerId: 'mine' }, 'mine'],
  ['not one whose id begins alike', ['mine:0'], { workerId: 'mine' }, undefined],
];

for (const [title, living, flags, expected] of CASES) {
  test(title, (t) => t.is(chosen(living, flags), expected));
}
