import type { Command } from '../command.js';
import { ALL_FLAG, ALL_OR_ONE, WORKER_FLAG } from '../running-daemons.js';

export const resumeCommand: Command = {
  name: 'resume',
  summary: 'Cancel a pause or a drain: a daemon pulls tasks again',
  flags: [WORKER_FLAG, ALL_FLAG],
  contradictions: [ALL_OR_ONE],
  examples: ['agent resume', 'agent resume --all'],
  async run(context) {
    const { runResume } = await import('./run.js');
    return runResume(context);
  },
};
