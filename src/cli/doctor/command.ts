import type { Command } from '../command.js';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Check everything that tasks need on this machine, and say how to fix it',
  flags: [
    { flags: '--queue <names...>', help: 'queues that must exist (default: the default queue)' },
    { flags: '--repository <url>', help: 'a git repository that the agent must be able to read' },
    { flags: '--json', help: 'print the findings as JSON' },
  ],
  examples: ['agent doctor', 'agent doctor --queue gpu --repository git@github.com:me/project.git'],
  async run(context) {
    const { runDoctor } = await import('./run.js');
    return runDoctor(context);
  },
};
