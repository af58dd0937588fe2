import test from 'ava';
import type { RunEnd } from '../../../src/task/outcome.js';
import { type Attempt, type Phase, runPhases } from '../../../src/task/phases.js';

const END: RunEnd = { kind: 'stop', reason: 'stopped' };

/** Phases that note what is called, and the attempt that they share. */
function noted(setups: Readonly<Record<string, () => Promise<RunEnd | undefined>>>) {
  const calls: string[] = [];
  const phases: Phase[] = Object.entries(setups).map(([title, setup]) => ({
    title,
    setup: () => {
      calls.push(`+${title}`);
      return setup();
    },
    teardown: () => void calls.push(`-${title}`),
  }));
  const run = { task: 'task1', ctx: { logger: { debug: () => undefined } } };
  const attempt = { run } as unknown as Attempt;
  const rules = {
    failed: (error: unknown): RunEnd => ({ kind: 'setup', reason: 'failed', cause: String(error) }),
    conclude: async (end: RunEnd | undefined) => {
      calls.push('conclude');
      return end;
    },
  };
  return { calls, result: () => runPhases(attempt, phases, rules) };
}

const pass = async () => undefined;

test('phases are torn down in the opposite order, after the end is concluded', async (t) => {
  const { calls, result } = noted({ a: pass, b: pass });
  t.is(await result(), undefined);
  t.deepEqual(calls, ['+a', '+b', 'conclude', '-b', '-a']);
});

test('a phase that ends the run is the last', async (t) => {
  const { calls, result } = noted({ a: async () => END, b: pass });
  t.is(await result(), END);
  t.deepEqual(calls, ['+a', 'conclude', '-a']);
});

test('a set-up that fails half-way is torn down, too', async (t) => {
  const { calls, result } = noted({
    a: pass,
    b: async () => {
      throw new Error('half-way');
    },
    c: pass,
  });
  t.like(await result(), { kind: 'setup', cause: 'Error: half-way' });
  t.deepEqual(calls, ['+a', '+b', 'conclude', '-b', '-a']);
});
