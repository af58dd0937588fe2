import { appendFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest } from './agent-under-test.js';
import { losingGpu } from './losing-gpu.js';

/** A machine that is busy with other tests takes its time for three attempts. */
export const PATIENCE_MS = 170_000;

/** A script of the shell, without its text. */
export const SHELL = { binary: '/bin/sh', entry_point: 'main.sh' };

/** Adds lines to the configuration of the agent. */
export function configure(agent: AgentUnderTest, lines: string): void {
  appendFileSync(path.join(agent.home.folder, 'clearml.conf'), `\n${lines}\n`);
}

/** An agent with two GPUs that retries, and a program that loses one of them in its first attempts. */
export async function agentThatLosesGpus(t: ExecutionContext, { pause = 0.2, limit = 2, failures = 1 } = {}) {
  const agent = await agentUnderTest(t, { CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3' });
  configure(agent, `agent.retry { infrastructure: ${limit}, pause_sec: ${pause} }`);
  const gpu = losingGpu(agent);
  const runs = path.join(agent.home.folder, 'runs');
  const diff = [
    `rm -f '${gpu.lost}'`,
    `echo x >> '${runs}'`,
    `n=$(wc -l < '${runs}')`,
    'echo "begun $n"',
    `if [ "$n" -le ${failures} ]; then touch '${gpu.lost}'; exit 5; fi`,
    'echo finished',
    '',
  ].join('\n');
  return { agent, gpu, script: { ...SHELL, diff } };
}

/** The numbers of the attempts that a log shows. */
export function begun(log: string): string[] {
  return [...log.matchAll(/^begun (\d+)$/gm)].map(([, number]) => number ?? '');
}
