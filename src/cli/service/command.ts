import type { Command } from '../command.js';

export const serviceCommand: Command = {
  name: 'service',
  summary: 'Let systemd (launchd on macOS) keep an agent or the embedded server running',
  positionals: ['<action>', '[flags...]'],
  positionalChoices: ['install', 'uninstall', 'status', 'logs', 'print'],
  flags: [
    { flags: '--system', help: 'install a system service instead of a user service; needs root' },
    {
      flags: '--name <name>',
      help: 'name of the service, one for each agent (default: from the GPUs, such as gpu0)',
    },
    {
      flags: '--run-as <user>',
      help: 'user that a system service runs as (default: the caller, also through sudo)',
    },
    { flags: '--no-start', help: 'install the service without starting it' },
    { flags: '--follow', help: 'with "logs": keep printing new lines' },
  ],
  examples: [
    'agent service install -- --queue default',
    'sudo agent service install --system -- --queue gpu --gpus 0',
    'agent service install server -- --port 8008 --host 0.0.0.0',
    'agent service status',
    'agent service logs --follow',
    'agent service print -- --queue default    # only show the unit',
  ],
  async run(context) {
    const { runService } = await import('./run.js');
    return runService(context);
  },
};
