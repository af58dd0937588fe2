import test, { type ExecutionContext } from 'ava';
import type { TaskRecord } from '../../../src/api/task-record.js';
import type { TasksApi } from '../../../src/api/tasks.js';
import { loadConfig } from '../../../src/config/load.js';
import { Admission } from '../../../src/daemon/admission/admission.js';
import { GpuClaims } from '../../../src/daemon/admission/gpu-claims.js';
import { slotBudget } from '../../../src/daemon/admission/slot-budget.js';
import { TaskNeeds } from '../../../src/daemon/admission/task-needs.js';
import { GpuReader } from '../../../src/gpu/gpu-reader.js';
import { agentHome } from '../../support/agent-process.js';
import { userProperties } from '../../support/agent-under-test.js';
import { gpuMachine } from '../../support/gpu-machine.js';

interface SetUp {
  /** What tasks state. */
  times?: Readonly<Record<string, string>>;
}

/** A daemon with two GPUs, a queue `big` whose tasks take both, and others whose tasks take one. */
async function twoGpus(t: ExecutionContext, { times = {} }: SetUp = {}) {
  const home = await agentHome();
  gpuMachine(home, [{}, {}]);
  const warnings: string[] = [];
  const warn = (line: string) => void warnings.push(line);
  const config = loadConfig({ env: home.env, home: home.folder });
  const claims = new GpuClaims({
    config,
    state: home.folder,
    gpus: new GpuReader({ env: home.env, warn }),
    visible: '0,1',
    asNamed: true,
    warn,
    retired: () => undefined,
  });
  const getAll: TasksApi['getAll'] = async ({ id = [] }) =>
    id.map(
      (task) => ({ id: task, ...userProperties(times[task] ? { time: times[task] } : {}) }) as TaskRecord,
    );
  const admission = new Admission({
    workerId: 'test:dgpu0-1',
    claims,
    demandOf: ({ id }) => ({ kind: 'gpus', min: id === 'big' ? 2 : 1, max: id === 'big' ? 2 : 1 }),
    budget: slotBudget(config, 0),
    services: 0,
    givesGpus: true,
    sharing: false,
    fractionSharing: true,
    isTaken: async () => false,
    reserveAfterMs: 0,
    needs: new TaskNeeds({ tasks: { getAll }, words: new Set(['time']), graceMs: 0 }),
    warn,
  });
  t.teardown(() => admission.close());
  return { admission, folder: home.folder, warnings };
}

const since = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();

test('what a large task reserves stays reserved until its run begins', async (t) => {
  const { admission, folder, warnings } = await twoGpus(t);
  const big = { id: 'big', waitsSince: since(0) };
  const small = { id: 'small', waitsSince: since(1) };

  const first = await admission.admit(small);
  t.is(await admission.admit(big), undefined);
  await first?.release();
  // As the poller does if a queue that is asked earlier was refused a moment before.
  const unused = await admission.admit(big);
  t.truthy(unused, warnings.join('\n'));
  await unused?.release();
  t.is(await admission.admit(small), undefined);

  const grant = await admission.admit(big);
  await grant?.begin({ task: 'a', folder });
  await grant?.release();
  t.truthy(await admission.admit(small));
});

test('the first of a few tasks that ends before a reservation is due goes before those that do not', async (t) => {
  const times = { running: '2h', endless: '', long: '3h', short: '10m', shorter: '5m' };
  const { admission, folder, warnings } = await twoGpus(t, { times });
  const first = await admission.admit({ id: 'small', waitsSince: since(0), entries: ['running'] });
  await first?.begin({ task: 'running', folder });
  t.is(await admission.admit({ id: 'big', waitsSince: since(1), entries: ['big'] }), undefined);

  const small = { id: 'small', waitsSince: since(2), entries: ['endless', 'long', 'short', 'shorter'] };
  const grant = await admission.admit(small);
  t.is(grant?.only, 'short', warnings.join('\n'));
  t.is(grant?.record?.limit?.ms, 600_000);
  // It is for no task that states something else.
  t.deepEqual([await grant?.fits?.('endless'), await grant?.fits?.('short')], [false, true]);
  await grant?.begin({ task: 'short', folder });
  t.is(await admission.admit({ ...small, entries: ['endless', 'long', 'shorter'] }), undefined);
  await grant?.release();

  t.is(await admission.admit({ ...small, entries: ['endless', 'long'] }), undefined);
  await first?.release();
  const large = await admission.admit({ id: 'big', waitsSince: since(1), entries: ['big'] });
  t.is(large?.only, undefined);
  t.is(large?.record?.devices?.length, 2);
});
