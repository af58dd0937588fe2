import type { Command } from '../command.js';
import { WORKER_FLAG } from '../running-daemons.js';

export const tasksCommand: Command = {
  name: 'tasks',
  summary: 'Show the tasks that a daemon on this machine runs',
  flags: [WORKER_FLAG, { flags: '--json', help: 'print them as JSON' }],
  examples: ['agent tasks', "agent tasks --json | jq -r '.tasks[].task'"],
  async run(context) {
    const { runTasks } = await import('./run.js');
    return runTasks(context);
  },
};
