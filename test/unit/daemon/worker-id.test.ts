import test from 'ava';
import { executeWorkerId, workerIdentity, workerIds } from '../../../src/daemon/worker-id.js';

const machine = { workerId: undefined, workerName: undefined, hostname: 'box' };

function firstIds(
  visible: string | undefined,
  more: { workerId?: string; workerName?: string; dynamic?: boolean } = {},
) {
  const ids = workerIds(workerIdentity({ ...machine, ...more, visibility: { visible } }));
  return [ids.next().value, ids.next().value, ids.next().value];
}

for (const [what, visible, more, expected] of [
  ['no limit', undefined, {}, ['box:0', 'box:1', 'box:2']],
  ['an empty limit', '', {}, ['box:0', 'box:1', 'box:2']],
  ['no GPUs', 'none', {}, ['box:cpu:0', 'box:cpu:1', 'box:cpu:2']],
  ['one GPU, shared', '0', {}, ['box:gpu0', 'box:gpu0:1', 'box:gpu0:2']],
  ['slices', '0.1,1.0', {}, ['box:gpu0.1,1.0', 'box:gpu0.1,1.0:1', 'box:gpu0.1,1.0:2']],
  ['all', 'all', { workerName: 'name' }, ['name:gpuall', 'name:gpuall:1', 'name:gpuall:2']],
  ['dynamic', '0-3', { dynamic: true }, ['box:dgpu0-3', 'box:dgpu0-3:1', 'box:dgpu0-3:2']],
  ['a chosen id, which is never changed', '0', { workerId: 'my:id' }, ['my:id', undefined, undefined]],
] as const) {
  test(`worker ids: ${what}`, (t) => {
    t.deepEqual<unknown, unknown>(firstIds(visible, more), expected);
  });
}

test('execute is known by its process', (t) => {
  t.is(executeWorkerId(machine, 4711), 'box:4711');
  t.is(executeWorkerId({ ...machine, workerId: 'my:id' }, 4711), 'my:id');
});
