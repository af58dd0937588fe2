import type { Command } from '../command.js';
import { duration } from '../duration.js';

export const cacheCommand: Command = {
  name: 'cache',
  summary: 'Show and clear what the agent keeps: environments, repository mirrors, leftovers of runs',
  positionals: ['<action>', '[kinds...]'],
  positionalChoices: ['list', 'prune'],
  flags: [
    { flags: '--json', help: 'print JSON' },
    { flags: '--dry-run', help: 'with "prune": only print what would be removed, and why' },
    {
      flags: '--older-than <time>',
      help: 'with "prune": remove entries unused for at least this long (30d, 12h) instead of applying the configured limits',
      parse: duration('--older-than'),
    },
    { flags: '--all', help: 'with "prune": remove everything that is not in use' },
    {
      flags: '--undelivered',
      help: 'with "prune": also remove runs whose final status or log has not fully reached the server; the unsent part is lost',
    },
  ],
  contradictions: [
    { flags: ['--all', '--older-than'], hint: 'Give --all for everything, --older-than for what is old.' },
  ],
  examples: [
    'agent cache list',
    'agent cache list mirrors --json',
    'agent cache prune --dry-run',
    'agent cache prune environments mirrors --older-than 30d',
    'agent cache prune spools --undelivered',
  ],
  async run(context) {
    const { runCache } = await import('./run.js');
    return runCache(context);
  },
};
