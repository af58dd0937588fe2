import type { Command } from '../command.js';

export const gpusCommand: Command = {
  name: 'gpus',
  summary: 'Show the GPUs of this machine and who uses them; take them out of service and back',
  flags: [
    { flags: '--enable <ids>', help: 'put devices back into service: 3, or 0,2-3, or all' },
    { flags: '--disable <ids>', help: 'give no task these devices until they are enabled' },
    {
      flags: '--reason <text>',
      help: 'reason to show in the list; with --disable (default: disabled by hand)',
    },
    { flags: '--json', help: 'print the devices as JSON' },
  ],
  contradictions: [{ flags: ['--enable', '--disable'], hint: 'Give either --enable or --disable.' }],
  examples: [
    'agent gpus',
    'agent gpus --disable 3 --reason "fan replaced on Monday"',
    'agent gpus --enable 3',
  ],
  async run(context) {
    const { runGpus } = await import('./run.js');
    return runGpus(context);
  },
};
