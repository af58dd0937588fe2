import { type Command, type Flag, wholeNumber } from '../command.js';
import { containerFlags, machineFlags, runFlags } from '../shared-flags.js';

/** Flags of the original that this version does not act on; each is refused with what to do. */
const notTaken: readonly Flag[] = [
  refused('--services-mode [count]', 'Container mode, which it needs, is not part of this version.'),
  refused('--dynamic-gpus', 'Start one daemon for each group of GPUs with --gpus instead.'),
  refused('--use-owner-token', 'Tasks run with the identity of this agent.'),
];

function refused(flags: string, why: string): Flag {
  return { flags, help: why, refused: why, greedy: /docker|podman/.test(flags) };
}

export const daemonCommand: Command = {
  name: 'daemon',
  summary: 'Pull tasks from queues and run them',
  flags: [
    {
      flags: '--queue <names...>',
      help: "queues to pull from, names or ids, first the most important (default: the server's default queue)",
      group: 'Queues',
    },
    {
      flags: '--order-fairness',
      help: 'take from the queues in turn instead of by priority',
      group: 'Queues',
    },
    { flags: '--create-queue', help: 'create a queue that does not exist', group: 'Queues' },
    {
      flags: '--polling-interval <seconds>',
      help: 'seconds between two looks at empty queues (default: 2)',
      group: 'Queues',
      env: 'CLEARML_AGENT_QUEUE_POLL_FREQ_SEC',
      parse: wholeNumber('--polling-interval', 1),
    },
    { flags: '--foreground', help: 'stay in this terminal', group: 'Process' },
    { flags: '-d, --detached', help: 'go to the background and log to a file', group: 'Process' },
    {
      flags: '--stop [ids...]',
      help: 'stop the daemon with these flags, or the named workers',
      group: 'Process',
    },
    { flags: '--status', help: 'show the schedule and the queues, and end', group: 'Process' },
    { flags: '--no-wait', help: 'fail at once when the server cannot be reached at start', group: 'Process' },
    {
      flags: '--uptime [ranges...]',
      help: 'when to pull tasks: "<hours> <days>", such as "17-20 TUE"',
      group: 'Schedule',
    },
    { flags: '--downtime [ranges...]', help: 'when not to pull tasks', group: 'Schedule' },
    {
      flags: '--child-report-tags <tags...>',
      help: 'tags of this worker in its reports',
      group: 'Reports',
      env: 'CLEARML_WORKER_TAGS',
    },
    {
      flags: '--standalone-mode',
      help: 'no network access but to the API: code and packages must be there',
      group: 'Task',
    },
    ...containerFlags,
    ...runFlags,
    ...machineFlags,
    ...notTaken,
  ],
  examples: [
    'agent daemon --queue default --foreground',
    'agent daemon --queue high_q low_q --gpus 0 --detached',
    'agent daemon --stop',
  ],
  async run(context) {
    const { runDaemonCommand } = await import('../run-daemon.js');
    return runDaemonCommand(context);
  },
};
