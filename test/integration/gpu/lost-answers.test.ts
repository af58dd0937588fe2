import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { serverConfText } from '../../../src/server/server.js';
import { gpuAgent } from '../../support/gpu-agent.js';
import { hookedFront } from '../../support/hooked-front.js';
import { until } from '../../support/until.js';

/** A doubt is clear after 30 s; the rest is for a busy machine. */
const PATIENCE_MS = 150_000;

test('a task goes back after a lost answer although a killed run of this daemon still reports it', async (t) => {
  t.timeout(PATIENCE_MS + 60_000);
  const agent = await gpuAgent(t, ['one'], [{}]);
  const task = await agent.enqueueTo('one', 'exit 0\n');
  const queue = agent.queues.one;
  await agent.call('workers.status_report', { worker: 'test:gpu0', timestamp: Date.now(), task, queue });
  const seen = { lost: false };
  const url = await hookedFront(t, agent.server.url, {
    after: ({ endpoint }) => {
      if (endpoint !== 'queues.get_next_task' || seen.lost) return;
      seen.lost = true;
      throw new Error('the answer is lost');
    },
  });
  writeFileSync(path.join(agent.home.folder, 'clearml.conf'), serverConfText({ ...agent.server, url }));
  const daemon = agent.agent('daemon', '--dynamic-gpus', '--gpus', '0', '--queue', 'one=1', '--foreground');
  await until(() => seen.lost, { what: 'the lost answer', context: daemon.output });
  const ended = await agent.ended(task, PATIENCE_MS).catch((error: unknown) => {
    t.log(daemon.output());
    throw error;
  });
  t.is(ended.status, 'completed', daemon.output());
});
