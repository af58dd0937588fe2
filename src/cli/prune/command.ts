import type { Command } from '../command.js';
import { duration } from '../duration.js';

export const pruneCommand: Command = {
  name: 'prune',
  summary: 'Remove stopped containers of tasks',
  flags: [
    {
      flags: '--older-than <time>',
      help: 'only containers that exited at least this long ago: 96h, 4d, 30m (default: 4d)',
      parse: duration('--older-than'),
    },
    {
      flags: '--label <labels...>',
      help: 'only containers with all of these labels: name or name=value, such as allegro-type=application',
    },
    {
      flags: '--abandoned',
      help: 'also those left unfinished by an agent that no longer runs; their last output is lost',
    },
    {
      flags: '--podman',
      help: 'containers of Podman, whose service is started if it is not running (default: the engine that "agent doctor" finds)',
    },
    { flags: '--dry-run', help: 'only show what would be removed' },
    { flags: '--json', help: 'print found, removed and kept containers as JSON' },
  ],
  examples: [
    'agent prune --dry-run',
    'agent prune --older-than 96h --label allegro-type=application',
    '0 3 * * *  agent prune      # a line for cron',
  ],
  async run(context) {
    const { runPrune } = await import('./run.js');
    return runPrune(context);
  },
};
