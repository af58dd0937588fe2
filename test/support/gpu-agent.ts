import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest, userProperties } from './agent-under-test.js';
import { EIGHT_CARDS, gpuMachine, type TestCard } from './gpu-machine.js';
import { until } from './until.js';

/** Says what it has, then works until its file is removed. */
export const HOLDS = `echo "gpus=$CUDA_VISIBLE_DEVICES/$NVIDIA_VISIBLE_DEVICES part=$CLEARML_AGENT_GPU_FRACTIONS worker=$CLEARML_WORKER_ID"
echo "$CUDA_VISIBLE_DEVICES" > "$HOME/new-$CLEARML_TASK_ID"
mv "$HOME/new-$CLEARML_TASK_ID" "$HOME/on-$CLEARML_TASK_ID"
while [ -e "$HOME/on-$CLEARML_TASK_ID" ]; do sleep 0.05; done
`;
/** A task that is a script of the shell. */
export function shell(diff: string) {
  return { binary: '/bin/sh', entry_point: 'main.sh', diff };
}

/** An agent on a machine with GPUs, with a queue for each size of task. */
export interface GpuAgent extends AgentUnderTest {
  queues: Record<string, string>;
  enqueueTo(queue: string, script?: string, properties?: Record<string, string>): Promise<string>;
  /** Waits until the task runs; answers its devices. */
  devices(task: string): Promise<string[]>;
  finish(task: string): void;
}

export async function gpuAgent(
  t: ExecutionContext,
  names: readonly string[],
  cards: readonly TestCard[] = EIGHT_CARDS,
): Promise<GpuAgent> {
  const agent = await agentUnderTest(t);
  gpuMachine(agent.home, cards);
  const queues: Record<string, string> = {};
  for (const name of names) {
    const { id } = await agent.call<{ id: string }>('queues.create', { name });
    queues[name] = id;
  }
  const holder = (task: string) => path.join(agent.home.folder, `on-${task}`);
  return {
    ...agent,
    queues,
    enqueueTo: (queue, script = HOLDS, properties = {}) =>
      agent.enqueue(shell(script), queues[queue], userProperties(properties)),
    devices: (task) =>
      until(async () => existsSync(holder(task)) && readFileSync(holder(task), 'utf8').trim(), {
        what: `task ${task} to run`,
      }).then((text) => text.split(',')),
    finish: (task) => rmSync(holder(task)),
  };
}

function records({ home }: AgentUnderTest, kind: string): string[] {
  return readdirSync(path.join(home.folder, 'gpu-table')).filter((name) => name.startsWith(`${kind}-`));
}

export const claimFiles = (agent: AgentUnderTest) => records(agent, 'claim');
export const reservationFiles = (agent: AgentUnderTest) => records(agent, 'reservation');

export const noClaims = (agent: AgentUnderTest) =>
  until(async () => claimFiles(agent).length === 0, { what: 'all claims to be released' });
