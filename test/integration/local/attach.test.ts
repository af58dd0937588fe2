import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import type { WorkloadRef } from '../../../src/drivers/driver.js';
import { localRef } from '../../../src/drivers/local/local-ref.js';
import type { LocalWorkload } from '../../../src/drivers/local/local-workload.js';
import { living } from '../../../src/drivers/local/workload-processes.js';
import { isAlive } from '../../../src/os/processes.js';
import { localDriver, outputText, outputUntil, tempFolder } from '../../support/local-run.js';

/** Launches a command from a process that is then killed with SIGKILL, as the journal would know it. */
async function orphaned(t: ExecutionContext, ...argv: string[]): Promise<WorkloadRef> {
  const script = fileURLToPath(new URL('../../support/local-daemon.ts', import.meta.url));
  const folder = await tempFolder(t);
  const daemon = spawn(process.execPath, ['--import=tsx', script, folder, ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(daemon.stdout), 'line');
  daemon.kill('SIGKILL');
  await once(daemon, 'exit');
  return JSON.parse(String(line));
}

async function attached(t: ExecutionContext, ref: WorkloadRef): Promise<LocalWorkload> {
  const leave = new AbortController();
  const driver = localDriver(leave.signal);
  t.teardown(async () => {
    await driver.dispose(ref);
    leave.abort();
  });
  const workload = await driver.attach(ref);
  if (workload === undefined) throw new Error('no trace of the workload');
  return workload;
}

const COUNT = 'i=0; while [ $i -lt 40 ]; do echo "line $i"; i=$((i+1)); sleep 0.05; done; exit 6';
const COUNTED = Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join('');

test('a killed daemon loses neither output nor exit status', async (t) => {
  const ref = await orphaned(t, 'sh', '-c', COUNT);
  const workload = await attached(t, ref);
  const before = await outputUntil(workload, 'line 5\n');
  const again = await attached(t, ref);
  const after = await outputText(again, before.position);
  t.is(before.text + after, COUNTED);
  t.deepEqual(await again.exited, { kind: 'exited', code: 6 });
});

test('the end is noticed at once after attaching', async (t) => {
  const ref = await orphaned(t, 'python3', '-c', 'import time; time.sleep(2); print(time.time())');
  const workload = await attached(t, ref);
  await workload.exited;
  const noticed = Date.now();
  const late = noticed - 1000 * Number(await outputText(workload));
  t.log(`noticed ${late.toFixed(0)} ms after the last line of the program`);
  t.true(late < 1000);
});

test('the next daemon reports a command that ended while no daemon ran', async (t) => {
  const ref = await orphaned(t, 'sh', '-c', 'echo done; exit 3');
  const workload = await attached(t, ref);
  await workload.exited;
  const later = await attached(t, ref);
  t.deepEqual(await later.exited, { kind: 'exited', code: 3 });
  t.is(await outputText(later), 'done\n');
});

test('an attached workload is stopped with all that belongs to it', async (t) => {
  const ref = await orphaned(t, 'sh', '-c', `setsid sh -c 'trap "" TERM; sleep 60' & echo ready; sleep 60`);
  const workload = await attached(t, ref);
  await outputUntil(workload, 'ready');
  await workload.stop(200);
  t.is((await workload.exited).kind, 'signalled');
  t.deepEqual(await living({ marker: String(ref.marker) }), []);
});

test('a launch that the daemon did not live to note is found by its place', async (t) => {
  const { pid, startTime, ...place } = await orphaned(t, 'sh', '-c', 'echo ready; sleep 60');
  const workload = await attached(t, {
    ...place,
    kind: 'local',
    taskId: 'task',
    output: String(place.output),
  });
  t.deepEqual([workload.ref.pid, workload.ref.startTime], [pid, startTime]);
  await outputUntil(workload, 'ready');
  await workload.stop(1000);
  t.deepEqual(await workload.exited, { kind: 'signalled', signal: 'SIGTERM' });
});

test('a command killed together with its waiting shell is lost, its output is not', async (t) => {
  const ref = await orphaned(t, 'sh', '-c', 'echo said; kill -KILL 0');
  const workload = await attached(t, ref);
  t.like(await workload.exited, { kind: 'lost' });
  t.is(await outputText(workload), 'said\n');
});

test('a later process with the same pid is not the command', async (t) => {
  const ref = await orphaned(t, 'sh', '-c', 'echo said; kill -KILL 0');
  const stranger = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  t.teardown(() => stranger.kill('SIGKILL'));
  const workload = await attached(t, { ...ref, pid: stranger.pid });
  t.like(await workload.exited, { kind: 'lost' });
  await workload.settled;
  await workload.stop(0);
  t.true(await isAlive(stranger.pid ?? 0));
});

test('no trace, no workload', async (t) => {
  const driver = localDriver(new AbortController().signal);
  const folder = await tempFolder(t);
  const ref = {
    kind: 'local',
    taskId: 'x',
    runFolder: folder,
    marker: 'm',
    output: `${folder}/output.log`,
  } as const;
  t.is(await driver.attach(ref), undefined);
  t.is(await driver.attach({ kind: 'docker', taskId: 'x', output: '' }), undefined);
  t.is(localRef({ ...ref, marker: '' }), undefined);
});
