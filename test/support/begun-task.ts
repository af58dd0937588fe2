import type { ExecutionContext } from 'ava';
import type { AgentProcess } from './agent-process.js';
import { type AgentUnderTest, agentUnderTest } from './agent-under-test.js';
import { until } from './until.js';

/** Says that it has begun, ends with status 0 after SIGTERM and says so; ends by itself once `go` is in its home. */
export const SAVES_ON_TERM = `trap 'echo checkpoint saved; exit 0' TERM
echo begun
while [ ! -e "$HOME/go" ]; do sleep 0.1; done
echo finished
`;

export interface BegunTask {
  agent: AgentUnderTest;
  task: string;
  daemon: AgentProcess;
}

/** A daemon that runs this shell script. */
export async function begunTask(
  t: ExecutionContext,
  { program = SAVES_ON_TERM, variables = {}, flags = [] as readonly string[] } = {},
): Promise<BegunTask> {
  const agent = await agentUnderTest(t, variables);
  const task = await agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff: program });
  const daemon = agent.daemon(...flags);
  await until(async () => (await agent.log(task)).includes('begun'), {
    what: 'the task to begin',
    context: daemon.output,
  });
  return { agent, task, daemon };
}

/** The tags that the server shows of a worker. */
export async function tagsOf({ call }: AgentUnderTest, worker: string): Promise<string[]> {
  const { workers } = await call<{ workers: { id: string; tags?: string[] }[] }>('workers.get_all', {
    last_seen: 0,
  });
  return workers.find(({ id }) => id === worker)?.tags ?? [];
}

/** Ids of the tasks in a queue, first to last. */
export async function waitingIn({ call, queue }: AgentUnderTest): Promise<string[]> {
  const answer = await call<{ queue: { entries: { task: string }[] } }>('queues.get_by_id', { queue });
  return answer.queue.entries.map(({ task }) => task);
}
