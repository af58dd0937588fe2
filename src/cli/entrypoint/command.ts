import type { Command } from '../command.js';

export const entrypointCommand: Command = {
  name: 'entrypoint',
  summary: "Start the daemon that a container's variables ask for",
  flags: [
    { flags: '--dry-run', help: "only print the daemon's command line" },
    { flags: '--health', help: 'ask a running daemon for its health on its metrics port' },
  ],
  contradictions: [
    {
      flags: ['--dry-run', '--health'],
      hint: 'Give --health to ask a daemon, --dry-run to print a command line.',
    },
  ],
  examples: ['docker run --rm -e CLEARML_AGENT_QUEUES=gpu IMAGE entrypoint --dry-run'],
  async run(context) {
    const { runEntrypoint } = await import('./run.js');
    return runEntrypoint(context);
  },
};
