import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest } from './agent-under-test.js';
import { clientOf } from './embedded-server.js';
import { folderWithUsers } from './server-users.js';
import { until } from './until.js';

/** Notes that it runs, then works until its file is removed. */
const HOLDS = `echo "$CLEARML_TASK_ID" >> "$HOME/order"
touch "$HOME/on-$CLEARML_TASK_ID"
while [ -e "$HOME/on-$CLEARML_TASK_ID" ]; do sleep 0.05; done
`;
const ENDS = `echo "$CLEARML_TASK_ID" >> "$HOME/order"
`;

/** An agent with queues of its own, whose tasks note the order of their starts. */
export interface QueueAgent extends AgentUnderTest {
  /** Ids by name. */
  queues: Record<string, string>;
  /** A task that ends by itself, or with `holds` once it is finished. */
  enqueueTo(queue: string, holds?: 'holds'): Promise<string>;
  /** A task of one of the server's users that ends once it is finished. */
  enqueueOf(user: string, queue: string): Promise<string>;
  isRunning(task: string): boolean;
  running(task: string): Promise<unknown>;
  finish(task: string): void;
  /** The tasks in the order of their starts. */
  order(): string[];
}

/** @param users of the server beside the agent's own */
export async function queueAgent(
  t: ExecutionContext,
  names: readonly string[],
  users: readonly string[] = [],
): Promise<QueueAgent> {
  const { folder, keysOf } = await folderWithUsers(t, users);
  const agent = await agentUnderTest(t, { CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1' }, { folder });
  const queues: Record<string, string> = {};
  for (const name of names) queues[name] = (await agent.call<{ id: string }>('queues.create', { name })).id;
  const holder = (task: string) => path.join(agent.home.folder, `on-${task}`);
  const isRunning = (task: string) => existsSync(holder(task));
  return {
    ...agent,
    queues,
    enqueueTo: (queue, holds) => {
      const diff = holds === undefined ? ENDS : HOLDS;
      return agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff }, queues[queue]);
    },
    enqueueOf: async (user, queue) => {
      const credentials = keysOf.get(user);
      if (credentials === undefined) throw new Error(`the server has no user ${user}`);
      const { call } = clientOf({ url: agent.server.url, credentials });
      const script = { binary: '/bin/sh', entry_point: 'main.sh', working_dir: '.', diff: HOLDS };
      const { id } = await call<{ id: string }>('tasks.create', { name: user, type: 'training', script });
      await call('tasks.enqueue', { task: id, queue: queues[queue] });
      return id;
    },
    isRunning,
    running: (task) => until(async () => isRunning(task), { what: `task ${task} to run` }),
    finish: (task) => rmSync(holder(task)),
    order: () => readFileSync(path.join(agent.home.folder, 'order'), 'utf8').trim().split('\n'),
  };
}
