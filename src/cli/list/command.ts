import type { Command } from '../command.js';

export const listCommand: Command = {
  name: 'list',
  summary: 'Show the workers known to the server and the tasks that they run',
  flags: [{ flags: '--json', help: "print the server's answer as JSON" }],
  examples: ['agent list', "agent list --json | jq '.workers[].id'"],
  async run(context) {
    const { runList } = await import('./run.js');
    return runList(context);
  },
};
