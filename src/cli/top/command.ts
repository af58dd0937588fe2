import type { Command } from '../command.js';
import { WORKER_FLAG } from '../running-daemons.js';

export const topCommand: Command = {
  name: 'top',
  summary: 'Watch the tasks, GPUs and queues of a daemon on this machine',
  flags: [WORKER_FLAG, { flags: '--json', help: 'print one reading as JSON' }],
  examples: ['agent top', 'agent top --worker gpu1:0', 'agent top | cat      # one table'],
  async run(context) {
    const { runTop } = await import('./run.js');
    return runTop(context);
  },
};
