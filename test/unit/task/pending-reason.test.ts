import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { PendingReason } from '../../../src/task/pending-reason.js';
import type { TaskRun } from '../../../src/task/task-run.js';
import { until } from '../../support/until.js';

/** A run over a server that keeps the runtime of a task as a whole. */
function setUp(notes: Promise<void>[] = []) {
  const server: { runtime: Record<string, unknown> } = { runtime: {} };
  const tasks = {
    getById: async () => ({ runtime: { ...server.runtime } }),
    edit: async ({ runtime }: { runtime: Record<string, unknown> }) => {
      server.runtime = Object.fromEntries(Object.entries(runtime).filter(([, value]) => value !== undefined));
    },
  };
  const run = { ctx: { tasks, logger: { debug: () => undefined } }, task: 'task', notes };
  return { server, pending: new PendingReason(run as unknown as TaskRun, false) };
}

test('a reason is written, replaced and removed; other values of the runtime stay', async (t) => {
  const { server, pending } = setUp();
  server.runtime = { progress: '3' };
  pending.note('Priority');
  pending.note('Resources');
  await pending.end();
  t.deepEqual(server.runtime, { progress: '3' });
  pending.note('Resources');
  await until(() => server.runtime.pending_reason === 'Resources', { what: 'the reason' });
  t.deepEqual(server.runtime, { progress: '3', pending_reason: 'Resources' });
});

test('a report about the task that is under way is not overwritten', async (t) => {
  const notes: Promise<void>[] = [];
  const { server, pending } = setUp(notes);
  notes.push(
    sleep(20).then(() => {
      server.runtime = { _exec_agent_hostname: 'rig1' };
    }),
  );
  pending.note('Priority');
  await until(() => server.runtime.pending_reason !== undefined, { what: 'the reason' });
  t.deepEqual(server.runtime, { _exec_agent_hostname: 'rig1', pending_reason: 'Priority' });
});
