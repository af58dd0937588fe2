import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import type { ResourceShare } from '../../../src/container/resources/resource-words.js';
import { CpuSlots } from '../../../src/daemon/admission/cpu-slots.js';
import {
  beyondMachine,
  isCounted,
  lacking,
  shareOf,
  slotBudget,
  tooLarge,
} from '../../../src/daemon/admission/slot-budget.js';
import { AgentError } from '../../../src/errors.js';
import { flatConfig } from '../../support/flat-config.js';

const GIB = 1024 ** 3;
const MACHINE = { cpus: 12, memory: 48 * GIB };
const BUDGET = { slots: 4, total: { cpus: 8, memory: 16 * GIB } };

const read = (cpus?: string, memory?: string) =>
  slotBudget(
    flatConfig({
      config: {
        ...(cpus === undefined ? {} : { 'agent.slots_cpus': cpus }),
        ...(memory === undefined ? {} : { 'agent.slots_memory': memory }),
      },
    }),
    4,
    MACHINE,
  );

test('the budget is what the configuration names, or what the machine has', (t) => {
  t.deepEqual(read(), { slots: 4, total: {} });
  t.false(isCounted(read()));
  t.deepEqual(read('8', '16G').total, BUDGET.total);
  t.deepEqual(read('machine', 'Machine').total, MACHINE);
  t.deepEqual(read('1.5').total, { cpus: 1.5 });
  t.true(isCounted(read('1.5')));
  for (const [cpus, memory] of [['many'], ['0'], [undefined, 'much'], [undefined, '-1G']]) {
    const error = t.throws(() => read(cpus, memory), { instanceOf: AgentError });
    t.is(error.code, 'CONFIG_VALUE');
    t.regex(error.message, /^agent\.slots_(cpus|memory) takes "machine" or .+, got ".+"$/);
  }
});

test('amounts that the machine does not have are named', (t) => {
  t.deepEqual(beyondMachine(read('12', '48G'), MACHINE), []);
  t.deepEqual(beyondMachine(read(), MACHINE), []);
  t.deepEqual(beyondMachine(read('16', '64G'), MACHINE), [
    'agent.slots_cpus names 16 CPUs, and this machine has 12 CPUs',
    'agent.slots_memory names 64G of memory, and this machine has 48G of memory',
  ]);
});

test('a task takes what it states, else its part of the whole', (t) => {
  t.deepEqual(shareOf({}, BUDGET), { cpus: 2, memory: 4 * GIB });
  t.deepEqual(shareOf({ memory: 10 * GIB, time: 5 }, BUDGET), { cpus: 2, memory: 10 * GIB });
  t.deepEqual(shareOf({ cpus: 0.5 }, { slots: 3, total: { cpus: 1 } }), { cpus: 0.5 });
  t.deepEqual(shareOf({}, { slots: 3, total: { cpus: 1 } }), { cpus: 0.333 });
  // What is not counted is not taken.
  t.deepEqual(shareOf({ cpus: 4, memory: GIB }, { slots: 4, total: { memory: 16 * GIB } }), { memory: GIB });
});

test('what is lacking is named, and a task that asks for more than all there is never gets it', (t) => {
  t.is(lacking({ cpus: 2 }, [{ cpus: 4 }, { cpus: 2 }], BUDGET), undefined);
  t.is(
    lacking({ cpus: 3, memory: 16 * GIB }, [{ cpus: 6, memory: GIB }], BUDGET),
    '3 CPUs (2 left) and 16G of memory (15G left)',
  );
  t.is(tooLarge({ cpus: 8, memory: 16 * GIB }, BUDGET), undefined);
  const refused = tooLarge({ memory: 17 * GIB }, BUDGET);
  t.is(refused?.code, 'TASK_TOO_LARGE');
  t.is(
    refused?.message,
    'the task asks for more than the slots of this daemon have: 17G of memory (16G in all)',
  );
});

const anyShare = fc.record(
  { cpus: fc.integer({ min: 1, max: 10 }), memory: fc.integer({ min: 1, max: 20 }).map((gib) => gib * GIB) },
  { requiredKeys: [] },
);
const anyEvent = fc.oneof(
  fc.record({ take: anyShare }),
  fc.record({ release: fc.nat(3) }),
  fc.record({ restart: fc.constant(true) }),
);

/** Checks with each step that what is given out is there. */
class Checked {
  #slots = new CpuSlots(BUDGET);
  readonly #held = new Map<number, ResourceShare>();

  step(event: { take: ResourceShare } | { release: number } | { restart: boolean }): void {
    if ('restart' in event) this.#restart();
    else if ('release' in event) this.#release(event.release);
    else this.#take(shareOf(event.take, BUDGET));
    assert.ok(this.#fits({}));
  }

  #restart(): void {
    this.#slots = new CpuSlots(BUDGET);
    for (const [slot, share] of this.#held) this.#slots.hold(slot, share);
  }

  #release(slot: number): void {
    this.#slots.release(slot);
    this.#held.delete(slot);
  }

  #take(share: ResourceShare): void {
    const slot = this.#slots.take(share);
    if (slot === undefined) assert.equal(this.#held.size, BUDGET.slots);
    else if (typeof slot === 'string') assert.ok(!this.#fits(share), slot);
    else {
      assert.ok(!this.#held.has(slot) && slot < BUDGET.slots);
      this.#held.set(slot, share);
    }
  }

  #fits(more: ResourceShare): boolean {
    const all = [...this.#held.values(), more];
    const sum = (name: keyof ResourceShare) => all.reduce((sofar, share) => sofar + (share[name] ?? 0), 0);
    return sum('cpus') <= BUDGET.total.cpus && sum('memory') <= BUDGET.total.memory;
  }
}

test('under any sequence of tasks, ends and restarts no more is given out than there is', (t) => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      const checked = new Checked();
      for (const event of events) checked.step(event);
    }),
  );
  t.pass();
});
