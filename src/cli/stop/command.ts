import type { Command } from '../command.js';
import { WORKER_FLAG } from '../running-daemons.js';

export const stopCommand: Command = {
  name: 'stop',
  summary: 'Stop one task that a daemon on this machine runs',
  positionals: ['<task>'],
  flags: [
    WORKER_FLAG,
    { flags: '--requeue', help: 'put the task back at the front of its queue instead of ending it' },
    { flags: '--no-wait', help: 'return without waiting for the end of the task' },
  ],
  examples: ['agent stop 3f2a61c0', 'agent pause && agent stop --requeue 3f2a61c0'],
  async run(context) {
    const { runStop } = await import('./run.js');
    return runStop(context);
  },
};
