import { AgentError } from '../../errors.js';
import type { Command } from '../command.js';

export const demoCommand: Command = {
  name: 'demo',
  summary: 'Run a demonstration task end to end on this machine, with nothing else installed',
  flags: [
    { flags: '--keep', help: 'keep the server and the daemon running so that you can try things out' },
    { flags: '--open', help: 'with --keep: open the page of the server in a browser' },
    {
      flags: '--folder <path>',
      help: 'new or empty folder for the files of the demonstration (default: a temporary folder)',
    },
  ],
  examples: ['agent demo', 'agent demo --keep', 'agent demo --keep --open'],
  async run(context) {
    const { runDemo } = await import('./run.js');
    const { folder, keep, open } = context.options;
    if (open === true && keep !== true)
      throw new AgentError(
        'USAGE',
        '--open is for agent demo --keep: without it the server ends with the task',
      );
    return runDemo({
      keep: keep === true,
      open: open === true,
      folder: typeof folder === 'string' ? folder : undefined,
      env: context.env,
      home: context.home,
      out: context.stdout,
    });
  },
};
