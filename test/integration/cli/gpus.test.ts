import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { GpuTable } from '../../../src/gpu/claims/gpu-table.js';
import { tablePlace } from '../../../src/gpu/claims/table-folder.js';
import { AGENT_SCRIPT, agentHome } from '../../support/agent-process.js';

const REPORT = path.resolve(import.meta.dirname, '../../fixtures/nvidia-smi/driver-615-two-h200.xml');
const SECOND = 'GPU-6b1d2f34-02c9-4c52-9d0d-9e1f8a3b4c21';

/** A machine with two cards, of which a task has the first. */
async function machine(t: ExecutionContext, tool = `cat '${REPORT}'`) {
  const home = await agentHome({ NO_COLOR: '1', ROCM_PATH: '/nonexistent' });
  t.teardown(() => rm(home.folder, { recursive: true, force: true }));
  const bin = path.join(home.folder, 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'nvidia-smi'), `#!/bin/sh\n${tool}\n`, { mode: 0o755 });
  const folder = String(home.env.CLEARML_AGENT_GPU_TABLE);
  await tablePlace({ configured: folder, stateFolder: home.folder });
  const table = await GpuTable.open({ folder, warn: (line) => t.fail(line) });
  t.teardown(() => table.close());
  await table.claim(() => ({
    worker: 'box:gpu0',
    task: 'abc',
    devices: [{ key: 'GPU-0f6f4c0e-7a55-4a1d-8a4b-5f4f7c1d2e10', id: '0', share: 0.5 }],
  }));
  const agent = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [AGENT_SCRIPT, 'gpus', ...words], {
      cwd: home.folder,
      env: { ...home.env, PATH: `${bin}:${home.env.PATH}` },
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  return { agent, table };
}

test('agent gpus shows who uses which device, and takes devices out of service and back', async (t) => {
  const { agent, table } = await machine(t);
  const { stdout, stderr, status } = agent();
  t.deepEqual([status, stderr], [0, '']);
  t.regex(stdout, /^GPU +NAME +MEMORY +TAKEN +BY +STATE\n/);
  t.regex(stdout, /^0 +NVIDIA H200 +\d+ of \d+ MiB +50 % +box:gpu0 \(abc\) +in service$/m);
  t.regex(stdout, /^1 +NVIDIA H200 .* - +- +in service$/m);
  t.regex(
    agent('--disable', '1', '--reason', 'fan replaced').stdout,
    /^1 .*out of service since \S+Z: fan replaced$/m,
  );
  t.like((await table.read()).outOfService, [{ key: SECOND, id: '1', reason: 'fan replaced' }]);
  const { gpus } = JSON.parse(agent('--json').stdout);
  t.like(gpus[1], { id: '1', key: SECOND, taken: 0, usedBy: [], outOfService: { reason: 'fan replaced' } });
  t.regex(agent('--enable', '0-1').stdout, /^1 .*in service$/m);
  t.deepEqual((await table.read()).outOfService, []);
});

test('a card that is lost is still shown and can be enabled', async (t) => {
  const { agent, table } = await machine(t, 'echo "No devices were found"; exit 6');
  await table.disable({ key: SECOND, id: '1' }, 'it is gone');
  t.regex(agent().stdout, /^1 +- +- +- +- +out of service since \S+: it is gone$/m);
  t.is(agent('--enable', SECOND.slice(0, 12)).status, 0);
  t.deepEqual((await table.read()).outOfService, []);
});

test('a machine without GPUs and claims says so', async (t) => {
  const { agent, table } = await machine(t, 'exit 9');
  for (const { id } of (await table.read()).claims) await table.release(id);
  const { stdout, stderr, status } = agent();
  t.deepEqual([status, stdout], [0, 'This machine has no GPUs.\n']);
  t.regex(stderr, /^warning: the GPUs cannot be read: nvidia-smi ended with exit status 9/);
});

test('a machine without a tool for GPUs says so in one line', async (t) => {
  const home = await agentHome({ ROCM_PATH: '/nonexistent', PATH: '/nonexistent' });
  t.teardown(() => rm(home.folder, { recursive: true, force: true }));
  const { status, stdout, stderr } = spawnSync(process.execPath, [AGENT_SCRIPT, 'gpus'], {
    env: home.env,
    encoding: 'utf8',
  });
  t.deepEqual(
    [status, stdout, stderr],
    [0, 'This machine has no GPUs: neither nvidia-smi nor rocm-smi is installed.\n', ''],
  );
});

for (const [words, message] of [
  [['--enable', '9'], /--enable "9": there is no GPU 9 on this machine, which has 0, 1/],
  [['--disable', '1-0'], /--disable "1-0": the range 1-0 runs backwards/],
  [['--disable', 'x'], /--disable "x": "x" names no GPU/],
  [['--disable', 'none'], /expected the ids of GPUs, found none/],
  [['--enable', '0', '--disable', '1'], /--enable.*--disable/],
  [['--reason', 'x'], /--reason/],
] as const) {
  test(`agent gpus ${words.join(' ')} is refused`, async (t) => {
    const { agent, table } = await machine(t);
    const { status, stderr } = agent(...words);
    t.is(status, 2, stderr);
    t.regex(stderr, message);
    t.deepEqual((await table.read()).outOfService, []);
  });
}

test('the beginning of two UUIDs is refused', async (t) => {
  const { agent, table } = await machine(t, `cat '${path.join(REPORT, '../driver-470-two-t4.xml')}'`);
  const { status, stderr } = agent('--disable', 'GPU-3f0b');
  t.is(status, 2, stderr);
  t.regex(stderr, /--disable "GPU-3f0b": GPU GPU-3f0b may be each of 0, 1\n {2}Write more of the UUID/);
  t.deepEqual((await table.read()).outOfService, []);
});
