import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { serverConfText } from '../../../src/server/server.js';
import { hookedFront } from '../../support/hooked-front.js';
import { queueAgent } from '../../support/queue-agent.js';
import { until } from '../../support/until.js';

const WORDS = ['--queue', 'shared', '--foreground', '--user-fairness'];

test('a user with running tasks yields to users with fewer, also after the daemon was killed', async (t) => {
  const agent = await queueAgent(t, ['shared'], ['ann', 'ben']);
  const words = [...WORDS, '--slots', '2'];
  const daemon = agent.agent('daemon', ...words);
  const first = await agent.enqueueOf('ann', 'shared');
  await agent.running(first);
  daemon.kill('SIGKILL');
  await daemon.exited;
  const [second, third] = [await agent.enqueueOf('ann', 'shared'), await agent.enqueueOf('ann', 'shared')];
  const other = await agent.enqueueOf('ben', 'shared');
  const next = agent.agent('daemon', ...words);
  await agent.running(other);
  t.deepEqual([second, third].filter(agent.isRunning), [], next.output());
  // From here on each place goes to the user whose task left it.
  const [last, end] = [await agent.enqueueOf('ben', 'shared'), await agent.enqueueOf('ben', 'shared')];
  agent.finish(first);
  await agent.running(second);
  agent.finish(other);
  await agent.running(last);
  for (const [done, started] of [
    [second, third],
    [last, end],
  ] as const) {
    agent.finish(done);
    await agent.running(started);
  }
  for (const task of [third, end]) agent.finish(task);
  for (const task of [first, second, third, other, last, end])
    t.is((await agent.ended(task)).status, 'completed');
  t.deepEqual(agent.order(), [first, other, second, last, third, end], next.output());
});

test('users of a daemon with one task at a time take turns, and the server is asked little', async (t) => {
  const agent = await queueAgent(t, ['shared'], ['ann', 'ben']);
  const calls: string[] = [];
  const url = await hookedFront(t, agent.server.url, {
    before: ({ endpoint, body }) => {
      if (endpoint === 'queues.get_next_task' || endpoint === 'queues.move_task_to_front')
        calls.push(endpoint);
      if (endpoint === 'tasks.get_all' && body.includes('"user"')) calls.push(endpoint);
    },
  });
  writeFileSync(path.join(agent.home.folder, 'clearml.conf'), serverConfText({ ...agent.server, url }));
  const ann = [await agent.enqueueOf('ann', 'shared'), await agent.enqueueOf('ann', 'shared')];
  const ben = await agent.enqueueOf('ben', 'shared');
  const [first = '', last = ''] = ann;
  const daemon = agent.agent('daemon', ...WORDS);
  for (const task of [first, ben, last]) {
    await agent.running(task);
    agent.finish(task);
    t.is((await agent.ended(task)).status, 'completed', daemon.output());
  }
  t.deepEqual(calls, [
    'tasks.get_all',
    'queues.get_next_task',
    'queues.move_task_to_front',
    'queues.get_next_task',
    'queues.get_next_task',
  ]);
});

test('two daemons of one queue take each task once', async (t) => {
  const agent = await queueAgent(t, ['shared'], ['ann', 'ben']);
  const daemons = [1, 2].map(() => agent.agent('daemon', ...WORDS));
  for (const daemon of daemons)
    await until(async () => daemon.output().includes('Listening'), {
      what: 'a daemon',
      context: daemon.output,
    });
  const tasks: string[] = [];
  for (let number = 0; number < 4; number += 1)
    for (const user of ['ann', 'ann', 'ben']) tasks.push(await agent.enqueueOf(user, 'shared'));
  const waiting = new Set(tasks);
  await until(
    async () => {
      for (const task of [...waiting].filter(agent.isRunning)) {
        agent.finish(task);
        waiting.delete(task);
      }
      return waiting.size === 0;
    },
    { what: 'all tasks to run', timeoutMs: 120_000 },
  );
  for (const task of tasks) t.is((await agent.ended(task)).status, 'completed');
  t.deepEqual(agent.order().toSorted(), tasks.toSorted());
});
