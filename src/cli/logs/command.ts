import type { Command } from '../command.js';

export const logsCommand: Command = {
  name: 'logs',
  summary: 'Print the log of a task from the disk of this machine',
  positionals: ['<task>'],
  flags: [
    { flags: '-f, --follow', help: 'print new lines until the task ends' },
    { flags: '--worker <id>', help: 'only runs of this worker' },
  ],
  examples: ['agent logs 3f2a61c0', 'agent logs -f 3f2a61c0'],
  async run(context) {
    const { runLogs } = await import('./run.js');
    return runLogs(context);
  },
};
