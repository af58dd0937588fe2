import type { Command } from '../command.js';
import { ALL_FLAG, ALL_OR_ONE, WORKER_FLAG } from '../running-daemons.js';

export const pauseCommand: Command = {
  name: 'pause',
  summary: 'Let a daemon pull no tasks; running tasks continue',
  flags: [WORKER_FLAG, ALL_FLAG],
  contradictions: [ALL_OR_ONE],
  examples: ['agent pause', 'agent pause --worker gpu1:0', 'agent pause --all'],
  async run(context) {
    const { runPause } = await import('./run.js');
    return runPause(context);
  },
};
