import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import test from 'ava';
import { Ending } from '../../../src/daemon/ending.js';
import { signalsOfRun } from '../../../src/daemon/runs/run-signals.js';
import { lateAbort } from '../../../src/os/late-abort.js';
import { Halt } from '../../../src/task/abort/halt.js';

function ending(): Ending {
  return new Ending({
    say: () => undefined,
    leave: () => undefined,
    running: () => 0,
    leavesRunning: true,
  });
}

interface Case {
  title: string;
  /** Begins what listens to the daemon's signals, and is closed before they abort. */
  open(signals: Ending): { close(): void };
}

const CASES: readonly Case[] = [
  { title: 'the signals of one run', open: signalsOfRun },
  { title: 'the patience of a pop', open: ({ stop, handOver }) => lateAbort([stop, handOver], 1000) },
  {
    title: 'the watch of a run',
    open: (signals) =>
      new Halt({
        signals,
        workerId: 'worker1',
        read: (signal) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason), { once: true });
          }),
      }),
  },
];

/** Node 20 drops the end of a listener in a garbage collection if another one has the same target. */
for (const { title, open } of CASES)
  test(`${title} listens no longer than it lasts, also after a garbage collection`, async (t) => {
    v8.setFlagsFromString('--expose-gc');
    const collect: unknown = vm.runInNewContext('gc');
    if (typeof collect !== 'function') throw new Error('no access to the garbage collection');
    const signals = ending();
    const opened = [open(signals), open(signals), open(signals)];
    await nextTurn();
    collect();
    for (const one of opened) one.close();
    for (const signal of [signals.stop, signals.handOver])
      t.deepEqual(getEventListeners(signal, 'abort'), []);
  });
