import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { GpuTable } from '../../../src/gpu/claims/gpu-table.js';
import { GpuHealth } from '../../../src/gpu/gpu-health.js';
import { GpuReader } from '../../../src/gpu/gpu-reader.js';
import type { HealthConditions } from '../../../src/gpu/health.js';
import type { XidEvent } from '../../../src/gpu/xid-events.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const REPORTS = path.resolve(import.meta.dirname, '../../fixtures/nvidia-smi');
const WHOLE = `cat '${REPORTS}/driver-615-two-h200.xml'`;
const WITHOUT_SECOND = `awk '/<gpu id=/ { n++ } n < 2 || /<\\/nvidia_smi_log>/' '${REPORTS}/driver-615-two-h200.xml'`;
const FIRST = 'GPU-0f6f4c0e-7a55-4a1d-8a4b-5f4f7c1d2e10';
const SECOND = 'GPU-6b1d2f34-02c9-4c52-9d0d-9e1f8a3b4c21';

/** A machine whose tool is a program that the test writes, with a look for each check. */
async function machine(t: ExecutionContext, conditions: Partial<HealthConditions>, freshMs = 0) {
  const folder = temporaryFolder(t);
  const tool = (body: string) =>
    writeFileSync(path.join(folder, 'nvidia-smi'), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  const table = await GpuTable.open({ folder: path.join(folder, 'table'), warn: (line) => t.fail(line) });
  t.teardown(() => table.close());
  const warnings: string[] = [];
  const xids: XidEvent[] = [];
  const reader = new GpuReader({
    env: { PATH: `${folder}:/usr/bin:/bin`, ROCM_PATH: folder },
    timeoutMs: 1500,
    warn: (line) => warnings.push(line),
  });
  const health = new GpuHealth({
    conditions: { minFreeMemory: 0, requireIdle: false, noFault: false, ...conditions },
    reader,
    table,
    warn: (line) => warnings.push(line),
    xids: () => xids,
    freshMs,
  });
  const check = async () =>
    Object.fromEntries([...(await health.check(await table.read()))].map(([key, { state }]) => [key, state]));
  return { tool, table, warnings, xids, check };
}

test('without a condition no tool is started', async (t) => {
  const { check, tool } = await machine(t, {});
  tool('echo called >&2; exit 1');
  t.deepEqual(await check(), {});
});

test('a device that a program uses gets no task until it is idle', async (t) => {
  const { check, tool, table } = await machine(t, { requireIdle: true });
  tool(WHOLE);
  t.deepEqual(await check(), { [FIRST]: 'good', [SECOND]: 'refused' });
  t.deepEqual((await table.read()).outOfService, []);
});

test('a card that is lost mid-run is out of service until it is back and enabled', async (t) => {
  const { check, tool, table, warnings } = await machine(t, { noFault: true });
  tool(WHOLE);
  t.deepEqual(await check(), { [FIRST]: 'good', [SECOND]: 'good' });
  tool(WITHOUT_SECOND);
  t.deepEqual(await check(), { [FIRST]: 'good', [SECOND]: 'failed' });
  await check();
  t.deepEqual(warnings, [
    `GPU 1 is out of service: GPU 1 (${SECOND}) is gone from nvidia-smi; "agent gpus --enable 1" brings it back`,
  ]);
  t.like((await table.read()).outOfService, [{ key: SECOND, id: '1' }]);
  await table.enable(SECOND);
  await check();
  t.is((await table.read()).outOfService.length, 1, 'it is still gone');
  tool(WHOLE);
  await table.enable(SECOND);
  t.deepEqual(await check(), { [FIRST]: 'good', [SECOND]: 'good' });
  t.deepEqual((await table.read()).outOfService, []);
});

test('a device that is enabled is looked at again, however fresh the last reading is', async (t) => {
  const { check, tool, table } = await machine(t, { noFault: true }, 3_600_000);
  tool(WHOLE);
  await check();
  await table.disable({ key: SECOND, id: '1' }, 'by hand');
  await check();
  tool(WITHOUT_SECOND);
  await table.enable(SECOND);
  t.deepEqual(await check(), { [FIRST]: 'good', [SECOND]: 'failed' });
  tool(WHOLE);
  await table.enable(SECOND);
  t.deepEqual(await check(), { [FIRST]: 'good', [SECOND]: 'good' });
  t.deepEqual((await table.read()).outOfService, []);
});

test('an error of the driver applies until its device is enabled', async (t) => {
  const { check, tool, table, xids } = await machine(t, { noFault: true });
  tool(WHOLE);
  await check();
  const atMicros = Number(process.hrtime.bigint() / 1000n);
  xids.push({ code: 79, pciBusId: '0000:2a:00', atMicros });
  t.deepEqual(await check(), { [FIRST]: 'good', [SECOND]: 'failed' });
  await table.enable(SECOND);
  t.deepEqual(await check(), { [FIRST]: 'good', [SECOND]: 'good' }, 'an older error is forgiven');
  xids.push({ code: 48, pciBusId: '0000:2a:00', atMicros: Number(process.hrtime.bigint() / 1000n) + 1 });
  t.deepEqual(await check(), { [FIRST]: 'good', [SECOND]: 'failed' });
});

const TROUBLES: readonly [name: string, body: string][] = [
  ['hangs', 'exec sleep 60'],
  ['fails', 'echo "Failed to initialize NVML: Unknown Error" >&2; exit 255'],
  ['prints garbage', 'head -c 5000 /dev/urandom'],
  ['prints half a report', `${WHOLE} | head -c 4000`],
  ['is gone', ''],
];
for (const [name, body] of TROUBLES) {
  test(`a tool that ${name} refuses tasks and takes nothing out of service`, async (t) => {
    const { check, tool, table } = await machine(t, { noFault: true });
    tool(WHOLE);
    await check();
    tool(body || 'exit 127');
    t.deepEqual(await check(), { [FIRST]: 'refused', [SECOND]: 'refused' });
    t.deepEqual((await table.read()).outOfService, []);
    tool(WHOLE);
    t.deepEqual(await check(), { [FIRST]: 'good', [SECOND]: 'good' });
  });
}

test('a tool that names the lost card takes that one out of service', async (t) => {
  const { check, tool } = await machine(t, { noFault: true });
  tool(WHOLE);
  await check();
  tool('echo "Unable to determine the device handle for GPU1: 0000:2A:00.0: GPU is lost." >&2; exit 15');
  t.deepEqual(await check(), { [FIRST]: 'refused', [SECOND]: 'failed' });
});
