import type { Contract } from './driver-contract.js';
import { ready, sh } from './driver-contract.js';
import { wholeOutput } from './workload-output.js';

/** Takes TERM and goes on. One that ignores it may be killed at once: nothing would come of a grace. */
const STUBBORN = 'trap : TERM; echo ready; while :; do sleep 0.1; done';
/** Longer than any test takes. */
const FOR_EVER_MS = 600_000;

/** What a stop does to commands. */
export function stopCases({ declare, subject }: Contract): void {
  declare('contract: a stopped command has its grace, and all of its output comes', async (t) => {
    const run = await subject.open(t);
    const workload = await sh(run, 'trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.1; done');
    await ready(workload);
    await workload.stop(FOR_EVER_MS);
    // A shell tells of its child that took the signal, too.
    t.regex((await wholeOutput(workload)).bytes.toString(), /^ready\n(?:Terminated\n)?bye\n$/);
    t.deepEqual(await workload.exited, { kind: 'exited', code: 7 });
    await run.driver.dispose(run.place.ref);
    t.deepEqual(await subject.left(run.request, run.place), []);
  });

  declare('contract: a command that goes on after TERM is killed after its grace', async (t) => {
    const run = await subject.open(t);
    const workload = await sh(run, STUBBORN);
    await ready(workload);
    const begun = performance.now();
    await workload.stop(1000);
    t.true(performance.now() - begun >= 900);
    t.deepEqual(await workload.exited, { kind: 'signalled', signal: 'SIGKILL' });
  });

  declare('contract: an urgent stop ends the grace', async (t) => {
    const run = await subject.open(t);
    const workload = await sh(run, STUBBORN);
    await ready(workload);
    const kill = new AbortController();
    const stopped = workload.stop(FOR_EVER_MS, kill.signal);
    kill.abort();
    await stopped;
    t.deepEqual(await workload.exited, { kind: 'signalled', signal: 'SIGKILL' });
  });

  declare('contract: a stop of a command that has ended does nothing, however often', async (t) => {
    const run = await subject.open(t);
    const workload = await sh(run, 'exit 4');
    await workload.exited;
    await workload.stop(FOR_EVER_MS);
    await workload.stop(0);
    t.deepEqual(await workload.exited, { kind: 'exited', code: 4 });
  });
}
