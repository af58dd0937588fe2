import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest } from './agent-under-test.js';
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
  isRunning(task: string): boolean;
  running(task: string): Promise<unknown>;
  finish(task: string): void;
  /** The tasks in the order of their starts. */
  order(): string[];
}

export async function queueAgent(t: ExecutionContext, names: readonly string[]): Promise<QueueAgent> {
  const agent = await agentUnderTest(t);
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
    isRunning,
    running: (task) => until(async () => isRunning(task), { what: `task ${task} to run` }),
    finish: (task) => rmSync(holder(task)),
    order: () => readFileSync(path.join(agent.home.folder, 'order'), 'utf8').trim().split('\n'),
  };
}
