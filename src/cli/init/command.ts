import type { Command } from '../command.js';

export const initCommand: Command = {
  name: 'init',
  summary: 'Write a configuration file, question by question',
  flags: [],
  examples: ['agent init', 'agent --config-file /etc/clearml.conf init', 'agent init < answers.txt'],
  async run(context) {
    const { runInit } = await import('./run.js');
    return runInit(context);
  },
};
