import { LONGEST_TIMER_MS } from '../../os/longest-timer.js';
import type { Command } from '../command.js';
import { timeLimit } from '../duration.js';
import { ALL_FLAG, ALL_OR_ONE, WORKER_FLAG } from '../running-daemons.js';

export const drainCommand: Command = {
  name: 'drain',
  summary: 'Let a daemon finish its running tasks, then end it',
  flags: [
    WORKER_FLAG,
    ALL_FLAG,
    {
      flags: '--timeout <time>',
      help: 'stop tasks that still run after this time (90s, 2h)',
      parse: timeLimit('--timeout', LONGEST_TIMER_MS),
    },
    { flags: '--requeue', help: 'with --timeout: put stopped tasks back at the front of their queues' },
    { flags: '--no-wait', help: 'return without waiting for the end of the daemon' },
  ],
  contradictions: [ALL_OR_ONE],
  examples: ['agent drain', 'agent drain --timeout 2h --requeue', 'agent drain --all --no-wait'],
  async run(context) {
    const { runDrain } = await import('./run.js');
    return runDrain(context);
  },
};
