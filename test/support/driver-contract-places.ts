import type { Driver, Workload } from '../../src/drivers/driver.js';
import type { Contract } from './driver-contract.js';
import { ready, sh } from './driver-contract.js';
import { wholeOutput } from './workload-output.js';

/** As the journal keeps it. */
function noted<T>(ref: T): T {
  return JSON.parse(JSON.stringify(ref));
}

async function attached(later: Driver, { ref }: Pick<Workload, 'ref'>): Promise<Workload> {
  const found = await later.attach(noted(ref));
  if (found === undefined) throw new Error('the later driver finds no trace of the command');
  return found;
}

/** What is left of a place by a daemon that was killed, and places that are slow, refused or lost. */
export function placeCases(contract: Contract): void {
  crashCases(contract);
  const { declare, subject } = contract;

  declare('contract: a command whose place is taken away ends', async (t) => {
    const run = await subject.open(t);
    const workload = await sh(run, 'echo ready; exec sleep 600');
    await ready(workload);
    await subject.lose(run, workload);
    const { kind } = await workload.exited;
    t.true((subject.lost ?? ['lost']).includes(kind), kind);
    await run.driver.dispose(run.place.ref);
    t.deepEqual(await subject.left(run.request, run.place), []);
  });

  const { slow } = subject;
  if (typeof slow !== 'string')
    declare(
      'contract: an abort ends the wait for a place that does not open, and leaves nothing',
      async (t) => {
        const { driver, request, abort } = await slow(t);
        const opened = driver.open(request);
        setTimeout(abort, 2000);
        await t.throwsAsync(opened, { any: true });
        await driver.clear?.(request);
        t.deepEqual(await subject.left(request), []);
      },
    );

  declare('contract: a place that is refused names the cause in one line and leaves nothing', async (t) => {
    const { driver, request, cause } = await subject.refused(t);
    let place: Awaited<ReturnType<Driver['open']>> | undefined;
    const error = await t.throwsAsync(async () => {
      place = await driver.open(request);
      await driver.launch(place, { argv: ['sh', '-c', 'echo never'] });
    });
    t.regex(error?.message ?? '', cause);
    t.notRegex(error?.message ?? '', /\n/);
    if (place !== undefined) await driver.dispose(place.ref);
    else await driver.clear?.(request);
    t.deepEqual(await subject.left(request, place), []);
  });
}

/** The daemon is killed at each step; the next one has what the journal holds. */
function crashCases({ declare, subject }: Contract): void {
  declare('contract: killed before the launch: no command is found, and the place is removed', async (t) => {
    const run = await subject.open(t);
    run.leaves();
    const later = await run.later();
    t.is(await later.find(noted(run.place.ref)), undefined);
    await later.dispose(noted(run.place.ref));
    await later.dispose(noted(run.place.ref));
    t.deepEqual(await subject.left(run.request, run.place), []);
  });

  declare('contract: killed between the launch and its note: the command is found', async (t) => {
    const run = await subject.open(t);
    const workload = await sh(run, 'echo ready; sleep 2; exit 5');
    run.leaves();
    const later = await run.later();
    const found = await later.find(noted(run.place.ref));
    t.like(found, { kind: workload.ref.kind, output: workload.ref.output });
    if (found === undefined) return;
    const again = await attached(later, { ref: found });
    t.deepEqual(await again.exited, { kind: 'exited', code: 5 });
    t.is((await wholeOutput(again)).bytes.toString(), 'ready\n');
  });

  declare('contract: killed while the command runs: its output goes on where it was read to', async (t) => {
    const run = await subject.open(t);
    const workload = await sh(run, 'echo ready; sleep 2; echo more; exit 3');
    const piece = await ready(workload);
    run.leaves();
    const again = await attached(await run.later(), workload);
    t.is((await wholeOutput(again, piece?.position)).bytes.toString(), 'more\n');
    t.deepEqual(await again.exited, { kind: 'exited', code: 3 });
  });

  declare('contract: killed while it stops the command: the next stop ends it', async (t) => {
    const run = await subject.open(t);
    const workload = await sh(run, 'trap "echo told" TERM; echo ready; while :; do sleep 0.1; done');
    await ready(workload);
    // The wait of a killed daemon is never heard of again.
    workload.stop(600_000).catch(() => undefined);
    run.leaves();
    const again = await attached(await run.later(), workload);
    await again.stop(0);
    t.deepEqual(await again.exited, { kind: 'signalled', signal: 'SIGKILL' });
  });

  declare('contract: killed before the command ended: its end and all output are known later', async (t) => {
    const run = await subject.open(t);
    const workload = await sh(run, 'echo out; exit 6');
    await workload.exited;
    run.leaves();
    const again = await attached(await run.later(), workload);
    t.is((await wholeOutput(again)).bytes.toString(), 'out\n');
    t.deepEqual(await again.exited, { kind: 'exited', code: 6 });
  });
}
