import type { Command } from '../command.js';

export const demoCommand: Command = {
  name: 'demo',
  summary: 'Run a demonstration task from start to end on this machine, with nothing else installed',
  flags: [
    { flags: '--keep', help: 'leave the server and the daemon running, for trying things out' },
    {
      flags: '--folder <path>',
      help: 'where the demonstration keeps its files (a temporary folder otherwise)',
    },
  ],
  examples: ['agent demo', 'agent demo --keep'],
  async run(context) {
    const { runDemo } = await import('../demo/demo.js');
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
