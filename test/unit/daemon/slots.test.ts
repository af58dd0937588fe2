import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { Slots } from '../../../src/daemon/slots.js';

/** A run that is launched and ended by hand. */
function start(slots: Slots) {
  const hands = new EventEmitter();
  slots.start({ task: 'task' }, async ({ launched, waiting }) => {
    hands.once('launch', launched);
    hands.once('wait', (busy: Promise<unknown>) => {
      const wait = () => once(hands, 'ready');
      void waiting(wait, busy, new AbortController().signal).then(() => hands.emit('goes on'));
    });
    await once(hands, 'end');
  });
  return {
    launch: () => void hands.emit('launch'),
    end: () => void hands.emit('end'),
    wait: (busy: Promise<unknown> = Promise.resolve()) => void hands.emit('wait', busy),
    ready: () => void hands.emit('ready'),
    goesOn: once(hands, 'goes on'),
  };
}

/** Whether there is a place now. */
async function isFree(slots: Slots): Promise<boolean> {
  const soon = new AbortController();
  const free = slots.free(soon.signal).then(() => !soon.signal.aborted);
  await sleep(5);
  soon.abort();
  return free;
}

test('a place is free until all are taken, and again when a run has ended', async (t) => {
  const slots = new Slots({ running: 2, preparing: 2 });
  const [one] = [start(slots), start(slots)];
  t.false(await isFree(slots));
  one.end();
  t.true(await isFree(slots));
  t.is(slots.running, 1);
});

test('runs that are being set up are limited by themselves', async (t) => {
  const slots = new Slots({ running: Number.POSITIVE_INFINITY, preparing: 1 });
  const one = start(slots);
  t.false(await isFree(slots));
  one.launch();
  t.true(await isFree(slots));
  const two = start(slots);
  t.false(await isFree(slots));
  two.end();
  t.true(await isFree(slots));
  t.is(slots.running, 1);
});

test('who waits for a place gets it when a run is launched', async (t) => {
  const slots = new Slots({ running: 5, preparing: 1 });
  const one = start(slots);
  const waiting = slots.free(AbortSignal.timeout(5000));
  one.launch();
  await waiting;
  t.is(slots.running, 1);
});

test('a run that waits lets others be prepared, and goes on before new ones', async (t) => {
  const slots = new Slots({ running: 5, preparing: 1 });
  const [one, two] = [start(slots), start(slots)];
  t.false(await isFree(slots));
  let fetched = (): void => undefined;
  one.wait(new Promise((resolve) => (fetched = () => resolve(undefined))));
  two.launch();
  t.false(await isFree(slots), 'its code is being fetched');
  fetched();
  t.true(await isFree(slots));
  const three = start(slots);
  one.ready();
  t.false(await isFree(slots));
  three.launch();
  await one.goesOn;
  t.false(await isFree(slots));
  one.launch();
  t.true(await isFree(slots));
});

test('more than the limit may be resumed', async (t) => {
  const slots = new Slots({ running: 1, preparing: 1 });
  const runs = [start(slots), start(slots), start(slots)];
  t.is(slots.running, 3);
  for (const run of runs) run.end();
  await slots.idle();
  t.is(slots.running, 0);
});

test('a run that only waits takes no place and is not counted, but is waited for', async (t) => {
  const slots = new Slots({ running: 1, preparing: 1 });
  const hands = new EventEmitter();
  slots.startAside(async () => void (await once(hands, 'end')));
  t.true(await isFree(slots));
  t.deepEqual([slots.running, slots.tasks], [0, []]);
  let idle = false;
  const over = slots.idle().then(() => {
    idle = true;
  });
  await sleep(5);
  t.false(idle);
  hands.emit('end');
  await over;
  t.true(idle);
});
