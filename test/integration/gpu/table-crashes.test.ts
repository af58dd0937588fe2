import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { GpuTable } from '../../../src/gpu/claims/gpu-table.js';
import { CRASH_POINT, tableProcess } from '../../support/table-process.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const CARD = { key: 'GPU-of-the-child', id: '0' };
const OTHER = { key: 'GPU-of-the-test', id: '1' };

/** A claim's whole life; killed before the n-th file operation. */
const LIFE = `
const [folder, runFolder, crashAt] = process.argv.slice(1);
globalThis.crashAt = Number(crashAt);
const table = await GpuTable.open({ folder, warn: () => undefined });
await table.reserve('child', [{ key: 'GPU-of-the-child', id: '0' }], Date.now() + 60_000);
const claim = await table.claim(() => ({ worker: 'child', devices: [{ key: 'GPU-of-the-child', id: '0', share: 1 }] }));
await table.unreserve('child');
await table.adopt({ ...claim, task: 'task', runFolder });
await table.release(claim.id);
await table.close();
console.log(globalThis.operations);
`;

test('a daemon that is killed at any step of an allocation leaves a table that is right', async (t) => {
  const root = temporaryFolder(t);
  const folder = path.join(root, 'table');
  const runFolder = path.join(root, 'run');
  mkdirSync(runFolder);
  const table = await GpuTable.open({ folder, warn: (line) => t.fail(line) });
  const own = await table.claim(() => ({ worker: 'test', devices: [{ ...OTHER, share: 1 }] }));
  const whole = await tableProcess(LIFE, [folder, runFolder, '0'], { prelude: CRASH_POINT });
  t.is(whole.code, 0, whole.stderr);
  const steps = Number(whole.stdout);
  t.true(steps > 40, whole.stdout);
  let kept = 0;
  for (let step = 1; step <= steps; step++) {
    const end = await tableProcess(LIFE, [folder, runFolder, String(step)], { prelude: CRASH_POINT });
    t.is(end.signal, 'SIGKILL', `step ${step}: ${end.stderr}`);
    const { claims, damaged, reservations } = await table.read();
    t.deepEqual([damaged, reservations], [[], []], `step ${step}`);
    t.true(claims.some(({ id }) => id === own?.id));
    const left = claims.filter(({ id }) => id !== own?.id);
    // Only a claim with a run can outlive its daemon.
    for (const claim of left) {
      t.like(claim, { task: 'task', runFolder, worker: 'child' }, `step ${step}`);
      kept += 1;
      const { conflicts } = await table.adopt(claim);
      t.deepEqual(conflicts, []);
      await table.release(claim.id);
    }
    const next = await table.claim(() => ({ worker: 'test', devices: [{ ...CARD, share: 1 }] }));
    t.truthy(next, `step ${step}`);
    await table.release(String(next?.id));
  }
  t.true(kept > 0);
  t.deepEqual(
    readdirSync(folder).filter((name) => !name.endsWith('.live') && !/^lock\.[0-9a-f]+(\.new)?$/.test(name)),
    [`claim-${own?.id}.json`],
  );
  await table.close();
  rmSync(runFolder, { recursive: true });
});
