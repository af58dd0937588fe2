import type { Command } from '../command.js';

export const serviceCommand: Command = {
  name: 'service',
  summary: 'Let systemd (launchd on macOS) keep an agent running',
  positionals: ['<action>', '[daemon-flags...]'],
  positionalChoices: ['install', 'uninstall', 'status', 'logs', 'print'],
  flags: [
    { flags: '--system', help: 'a service of the machine instead of one of yours; needs root' },
    { flags: '--name <name>', help: 'tells several agents apart (default: that of the GPUs, such as gpu0)' },
    {
      flags: '--run-as <user>',
      help: 'user that a service of the machine runs as (default: who calls, also through sudo)',
    },
    { flags: '--no-start', help: 'install it without starting it' },
    { flags: '--follow', help: 'with "logs": show what comes, too' },
  ],
  examples: [
    'agent service install -- --queue default',
    'sudo agent service install --system -- --queue gpu --gpus 0',
    'agent service status',
    'agent service logs --follow',
    'agent service print -- --queue default    # only show the unit',
  ],
  async run(context) {
    const { runService } = await import('../service/run-service.js');
    return runService(context);
  },
};
