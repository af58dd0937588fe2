import type { Command } from '../command.js';

export const demoCommand: Command = {
  name: 'demo',
  summary: 'Run a demonstration task end to end on this machine, with nothing else installed',
  flags: [
    { flags: '--keep', help: 'keep the server and the daemon running so that you can try things out' },
    {
      flags: '--folder <path>',
      help: 'new or empty folder for the files of the demonstration (default: a temporary folder)',
    },
  ],
  examples: ['agent demo', 'agent demo --keep'],
  async run(context) {
    const { runDemo } = await import('./run.js');
    const folder = context.options.folder;
    return runDemo({
      keep: context.options.keep === true,
      folder: typeof folder === 'string' ? folder : undefined,
      env: context.env,
      home: context.home,
      out: context.stdout,
    });
  },
};
