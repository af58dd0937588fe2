import type { Command } from '../command.js';

export const configCommand: Command = {
  name: 'config',
  summary: 'Print the configuration, look up a key, or check a file',
  positionals: ['[action]', '[argument...]'],
  positionalChoices: ['get', 'validate'],
  flags: [
    { flags: '--sources', help: 'show where each value comes from and what it overrides' },
    { flags: '--json', help: 'print JSON' },
  ],
  examples: [
    'agent config --sources',
    'agent config get agent.package_manager.type',
    'agent config validate /etc/clearml.conf',
  ],
  async run(context) {
    const { runConfig } = await import('./run.js');
    return runConfig(context);
  },
};
