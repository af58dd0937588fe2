import test from 'ava';
import fc from 'fast-check';
import { byUserLoad } from '../../../src/daemon/queues/user-turns.js';

/** A daemon that takes tasks of a queue in turn of their users; entries are users. */
class Model {
  readonly running = new Map<string, number>();
  readonly lastPull = new Map<string, number>();
  waiting: { user: string }[] = [];
  pulls = 0;

  next(): { user: string } | undefined {
    return byUserLoad(this.waiting, this)[0];
  }

  pull(): string | undefined {
    const next = this.next();
    if (next === undefined) return undefined;
    this.waiting = this.waiting.filter((one) => one !== next);
    this.pulls += 1;
    this.lastPull.set(next.user, this.pulls);
    this.add(next.user, 1);
    return next.user;
  }

  end(user: string): void {
    if (this.of(user) > 0) this.add(user, -1);
  }

  of(user: string): number {
    return this.running.get(user) ?? 0;
  }

  add(user: string, count: number): void {
    this.running.set(user, this.of(user) + count);
  }
}

const USERS = ['ann', 'ben', 'cleo', 'dan'];
const user = fc.constantFrom(...USERS);
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('queue' as const), user }),
    fc.record({ kind: fc.constant('end' as const), user }),
    fc.record({ kind: fc.constant('pull' as const) }),
  ),
  { maxLength: 200 },
);
type Step = { kind: 'queue' | 'end'; user: string } | { kind: 'pull' };

function carryOut(model: Model, step: Step): void {
  if (step.kind === 'queue') model.waiting.push({ user: step.user });
  else if (step.kind === 'end') model.end(step.user);
  else model.pull();
}

test('no user gets a task while another one waits with fewer running tasks', (t) => {
  const property = fc.property(steps, (history) => {
    const model = new Model();
    return history.every((step) => {
      const next = step.kind === 'pull' ? model.next() : undefined;
      const fewest = Math.min(...model.waiting.map((one) => model.of(one.user)));
      carryOut(model, step);
      return next === undefined || model.of(next.user) - 1 === fewest;
    });
  });
  t.notThrows(() => fc.assert(property));
});

test('users that wait all the time differ by one running task at most, while none ends', (t) => {
  const queued = fc.array(user, { minLength: 1, maxLength: 200 });
  const property = fc.property(queued, (entries) => {
    const model = new Model();
    model.waiting = entries.map((name) => ({ user: name }));
    while (model.waiting.length > 0) {
      model.pull();
      const counts = [...new Set(model.waiting.map((one) => one.user))].map((name) => model.of(name));
      if (counts.length > 0 && Math.max(...counts) - Math.min(...counts) > 1) return false;
    }
    return true;
  });
  t.notThrows(() => fc.assert(property));
});

test('a user without a running task waits for one task of each other user at most', (t) => {
  const property = fc.property(steps, fc.infiniteStream(user), (history, ends) => {
    const model = new Model();
    for (const step of history) carryOut(model, step);
    for (const name of USERS) for (let count = 0; count < 50; count += 1) model.waiting.push({ user: name });
    const idle = USERS.find((name) => model.of(name) === 0);
    if (idle === undefined) return true;
    for (let pull = 0; pull < USERS.length; pull += 1) {
      if (model.pull() === idle) return true;
      const { value: ended } = ends.next();
      if (ended !== idle) model.end(ended);
    }
    return false;
  });
  t.notThrows(() => fc.assert(property));
});

test('the tasks of one user keep their order', (t) => {
  const waiting = ['ann', 'ben', 'ann', 'ben'].map((name, at) => ({ user: name, at }));
  const load = { running: new Map([['ann', 2]]), lastPull: new Map() };
  t.deepEqual(
    byUserLoad(waiting, load).map(({ at }) => at),
    [1, 3, 0, 2],
  );
});
