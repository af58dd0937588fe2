import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { living } from '../../../src/drivers/local/workload-processes.js';
import { AgentError } from '../../../src/errors.js';
import { isAlive } from '../../../src/os/processes.js';
import { frozenDisk } from '../../support/frozen-disk.js';
import { type LocalRun, localRun, outputText, outputUntil } from '../../support/local-run.js';
import { onSmallDisk } from '../../support/small-disk.js';

async function nothingLeft({ place }: LocalRun): Promise<boolean> {
  return (await living({ marker: place.ref.marker })).length === 0;
}

test.serial('a cooperative command ends at once', async (t) => {
  const local = await localRun(t);
  const workload = await local.sh('echo ready; sleep 60');
  await outputUntil(workload, 'ready');
  const begun = performance.now();
  await workload.stop(10_000);
  const took = performance.now() - begun;
  t.log(`took ${took.toFixed(0)} ms`);
  t.true(took < 5000);
  t.deepEqual(await workload.exited, { kind: 'signalled', signal: 'SIGTERM' });
  t.true(await nothingLeft(local));
});

test.serial('a command may clean up within the grace, with programs of its own', async (t) => {
  const local = await localRun(t);
  const workload = await local.sh(
    "trap 'sleep 0.5; date > /dev/null; echo cleaned; exit 5' TERM; echo ready; sleep 60 & wait",
  );
  await outputUntil(workload, 'ready');
  await workload.stop(10_000);
  t.deepEqual(await workload.exited, { kind: 'exited', code: 5 });
  t.is(await outputText(workload), 'ready\ncleaned\n');
});

test.serial('a command that ignores the signal is killed after the grace', async (t) => {
  const local = await localRun(t);
  const workload = await local.sh("trap '' TERM; echo ready; while :; do sleep 0.1; done");
  await outputUntil(workload, 'ready');
  const begun = performance.now();
  await workload.stop(400);
  t.true(performance.now() - begun >= 400);
  t.true(performance.now() - begun < 20_000);
  t.deepEqual(await workload.exited, { kind: 'signalled', signal: 'SIGKILL' });
  t.true(await nothingLeft(local));
});

test.serial(
  'what has a handler gets the whole grace, also where the command itself ends at once',
  async (t) => {
    const local = await localRun(t);
    const workload = await local.sh(
      `setsid sh -c 'trap "sleep 5; echo saved; exit" TERM; echo ready; while :; do sleep 0.1; done' & wait`,
    );
    await outputUntil(workload, 'ready');
    await workload.stop(30_000);
    t.is((await workload.exited).kind, 'signalled');
    t.regex(await outputText(workload), /^saved$/m);
    t.true(await nothingLeft(local));
  },
);

test.serial(
  'where the command has ended and all else ignores the signal, the grace is cut short',
  async (t) => {
    const local = await localRun(t);
    const workload = await local.sh(
      `setsid sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done' & wait`,
    );
    await outputUntil(workload, 'ready');
    const begun = performance.now();
    await workload.stop(60_000);
    t.true(performance.now() - begun < 30_000);
    t.true(await nothingLeft(local));
  },
);

test.serial('a child in a session of its own that ignores the signal is killed', async (t) => {
  const local = await localRun(t);
  const workload = await local.sh(
    `setsid sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done' & wait`,
  );
  await outputUntil(workload, 'ready');
  await workload.stop(300);
  t.true(await nothingLeft(local));
});

test.serial('processes that give up their parent, group and session are killed', async (t) => {
  const local = await localRun(t);
  const script = `import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: None)
def away(again):
    if os.fork() == 0:
        os.setsid()
        if os.fork(): os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if again:
            time.sleep(0.5)
            away(False)
        time.sleep(60)
        os._exit(0)
away(True)
print('ready', flush=True)
while True: time.sleep(0.1)`;
  const workload = await local.driver.launch(local.place, { argv: ['python3', '-c', script] });
  await outputUntil(workload, 'ready');
  await workload.stop(700);
  t.true(await nothingLeft(local));
});

test.serial('processes that start new ones when they are killed are outrun', async (t) => {
  const local = await localRun(t);
  // Four chains of processes, each link in a session of its own; by themselves they end after ten seconds.
  const script = `import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
end = time.time() + 10
print('ready', flush=True)
for _ in range(4):
    if os.fork() == 0:
        while time.time() < end:
            if os.fork(): os._exit(0)
            os.setsid()
            time.sleep(0.005)
        os._exit(0)
time.sleep(10)`;
  const workload = await local.driver.launch(local.place, { argv: ['python3', '-c', script] });
  await outputUntil(workload, 'ready');
  await sleep(300);
  await workload.stop(100);
  t.true(await nothingLeft(local));
  await sleep(200);
  t.true(await nothingLeft(local));
});

test.serial('a command that has ended is stopped already', async (t) => {
  const local = await localRun(t);
  const workload = await local.sh('exit 0');
  await workload.exited;
  await workload.settled;
  await workload.stop(1000);
  t.deepEqual(await workload.exited, { kind: 'exited', code: 0 });
});

test.serial('a killed waiting shell takes the command with it and is reported', async (t) => {
  const local = await localRun(t);
  const workload = await local.sh('echo $$; sleep 60');
  const { text } = await outputUntil(workload, '\n');
  process.kill(workload.ref.pid ?? 0, 'SIGKILL');
  const exit = await workload.exited;
  t.is(exit.kind, 'lost');
  await workload.settled;
  t.false(await isAlive(Number(text)));
  t.true(await nothingLeft(local));
});

test.serial('set-up steps that a killed agent left are ended with their place', async (t) => {
  const local = await localRun(t);
  await local.place.exec({ argv: ['sh', '-c', 'setsid sleep 60 > /dev/null 2>&1 &'] });
  t.false(await nothingLeft(local));
  await local.driver.dispose(local.place.ref);
  t.true(await nothingLeft(local));
});

onSmallDisk('a process that hangs in the kernel is named', async (t) => {
  const local = await localRun(t);
  const disk = frozenDisk(t);
  const pidFile = path.join(local.folder, 'pid');
  const workload = await local.sh(
    'echo $$ > "$1"; echo ready; echo text > "$2"',
    pidFile,
    path.join(disk, 'file'),
  );
  await outputUntil(workload, 'ready');
  const error = await t.throwsAsync(workload.stop(100), { instanceOf: AgentError });
  t.is((error as AgentError).code, 'PROCESS_STUCK');
  t.regex(error?.message ?? '', new RegExp(`\\b${readFileSync(pidFile, 'utf8').trim()}\\b`));
});
