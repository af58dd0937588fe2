import test from 'ava';
import { loadConfig } from '../../../src/config/load.js';
import { Admission } from '../../../src/daemon/admission/admission.js';
import { GpuClaims } from '../../../src/daemon/admission/gpu-claims.js';
import { slotBudget } from '../../../src/daemon/admission/slot-budget.js';
import { TaskNeeds } from '../../../src/daemon/admission/task-needs.js';
import { GpuReader } from '../../../src/gpu/gpu-reader.js';
import { agentHome } from '../../support/agent-process.js';
import { gpuMachine } from '../../support/gpu-machine.js';

test('what a large task reserves stays reserved until its run begins', async (t) => {
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
    needs: new TaskNeeds({ tasks: { getAll: async () => [] }, words: new Set(), graceMs: 0 }),
    warn,
  });
  t.teardown(() => admission.close());
  const since = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
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
  await grant?.begin({ task: 'a', folder: home.folder });
  await grant?.release();
  t.truthy(await admission.admit(small));
});
