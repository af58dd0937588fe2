import test from 'ava';
import {
  executeWorkerId,
  gpuWorkerId,
  holdingsIn,
  idsOfRuns,
  isRunOf,
  type RunHoldings,
  workerIdentity,
  workerIds,
} from '../../../src/daemon/worker-id.js';

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

const HOLDINGS: readonly [worker: string, holdings: RunHoldings | undefined][] = [
  ['host:dgpu0-7', undefined],
  ['host:dgpu0-7:service:abc', undefined],
  ['host:dgpu0-7:slot:12', { slot: 12 }],
  ['host:dgpu0-7:slot:', undefined],
  ['host:dgpu0-3:slot:1', undefined],
  ['host:gpu3', { devices: [{ id: '3', share: 1 }] }],
  ['host:gpu0,12', { devices: ['0', '12'].map((id) => ({ id, share: 1 })) }],
  ['host:gpu0.1', { devices: [{ id: '0.1', share: 1 }] }],
  ['host:gpu0.25b', { devices: [{ id: '0', share: 0.25 }] }],
  ['host:gpu3:1', { devices: [{ id: '3', share: 1 }] }],
  ['host:gpuall', undefined],
  ['host:gpu', undefined],
  ['other:gpu3', undefined],
];

for (const [worker, holdings] of HOLDINGS)
  test(`what ${worker} has as a run of host:dgpu0-7`, (t) => {
    t.deepEqual(holdingsIn('host:dgpu0-7', worker), holdings);
    const isRun = new RegExp(idsOfRuns('host:dgpu0-7', true)).test(worker);
    t.true(isRun || holdings === undefined, 'the server is asked for it');
  });

test('the id of a run tells its devices again', (t) => {
  const half = gpuWorkerId('host:dgpu0-7', [{ id: '2', share: 0.5 }], new Set(['host:gpu2.5a']));
  t.is(half, 'host:gpu2.5b');
  t.deepEqual(holdingsIn('host:dgpu0-7', half), { devices: [{ id: '2', share: 0.5 }] });
  t.false(
    new RegExp(idsOfRuns('host:dgpu0-7', false)).test('host:gpu2'),
    'not of a daemon without --dynamic-gpus',
  );
});

const OWN: readonly [parent: string, givesGpus: boolean, worker: string, own: boolean][] = [
  ['host:dgpu0-3', true, 'host:dgpu0-3', true],
  ['host:dgpu0-3', true, 'host:gpu0,1', true],
  ['host:dgpu0-3', true, 'host:gpu2.5a', true],
  ['host:dgpu0-3', true, 'host:dgpu0-3:slot:4', true],
  ['host:dgpu0-3', true, 'host:dgpu0-3:service:abc', true],
  ['host:dgpu0-3', true, 'other:gpu0', false],
  ['host:gpu0', false, 'host:gpu1', false],
  ['host:0', false, 'host:1', false],
];

test('the workers of a daemon are itself and its runs', (t) => {
  for (const [parent, givesGpus, worker, own] of OWN)
    t.is(isRunOf(parent, givesGpus, worker), own, `${worker} of ${parent}`);
});
