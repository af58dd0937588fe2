import { AgentError } from '../../errors.js';
import { LONGEST_TIMER_MS } from '../../os/longest-timer.js';
import { type Command, type Flag, seconds } from '../command.js';
import { MACHINE_CONTRADICTIONS } from '../contradictions.js';
import { timeLimit } from '../duration.js';
import { driverFlags, machineFlags, outputFlags, runFlags } from '../shared-flags.js';

const NO_AGENT_INSIDE = 'containers hold no agent, so nothing is installed in them';

/** Flags of the original that this version does not act on, and why. */
const notTaken: readonly Flag[] = [
  ignored('--force-current-version', NO_AGENT_INSIDE),
  ignored('--check-bootstrap', NO_AGENT_INSIDE),
];

function ignored(flags: string, why: string): Flag {
  return { flags, help: why, ignored: why };
}

const MOST_SERVICES = 10_000;

/** Each has a worker of its own. */
const MOST_SLOTS = 1000;

function slotNumber(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value.trim()) && number >= 1 && number <= MOST_SLOTS) return number;
  throw new AgentError(
    'USAGE',
    `--slots takes the number of tasks that run side by side, from 1 to ${MOST_SLOTS}, got "${value}"`,
  );
}

/** -1 is the original's word for no limit. */
function serviceCount(value: string): number {
  const text = value.trim();
  if (text === '-1') return -1;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= MOST_SERVICES) return number;
  throw new AgentError(
    'USAGE',
    `--services-mode takes the number of tasks that may run at once, from 1 to ${MOST_SERVICES}, got "${value}"`,
    { hint: 'Give the flag alone for no limit; leave it out to run one task at a time.' },
  );
}

export const daemonCommand: Command = {
  name: 'daemon',
  summary: 'Pull tasks from queues and run them',
  flags: [
    {
      flags: '--queue <names...>',
      help: "names or ids of the queues to pull from, most important first; name:3 gives a queue a weight (default: the server's default queue)",
      group: 'Queues',
    },
    {
      flags: '--queue-limit <limits...>',
      help: 'most tasks of a queue that run at once under this daemon: name=2',
      group: 'Queues',
    },
    {
      flags: '--order-fairness',
      help: 'take from the queues in turn instead of by priority',
      group: 'Queues',
    },
    {
      flags: '--user-fairness',
      help: 'within a queue, take the tasks of users with fewer running tasks first',
      group: 'Queues',
    },
    { flags: '--create-queue', help: 'create a queue that does not exist', group: 'Queues' },
    {
      flags: '--polling-interval <seconds>',
      help: 'seconds between polls of empty queues, such as 5 or 0.5 (default: by activity)',
      group: 'Queues',
      env: 'CLEARML_AGENT_QUEUE_POLL_FREQ_SEC',
      parse: seconds('--polling-interval'),
    },
    { flags: '--foreground', help: 'stay in this terminal', group: 'Process' },
    { flags: '-d, --detached', help: 'go to the background and log to a file', group: 'Process' },
    {
      flags: '--stop [ids...]',
      help: 'stop the daemon whose worker id follows from these flags (--queue does not count), or the named workers',
      group: 'Process',
    },
    {
      flags: '--drain',
      help: 'with --stop: pull no more tasks and exit when the running ones have finished',
      group: 'Process',
    },
    {
      flags: '--leave',
      help: 'with --stop: exit at once; the next daemon resumes the running tasks',
      group: 'Process',
    },
    {
      flags: '--timeout <time>',
      help: 'with --stop: kill tasks that still run after this time (90s, 10m); with --drain: stop them then',
      group: 'Process',
      parse: timeLimit('--timeout', LONGEST_TIMER_MS),
    },
    {
      flags: '--requeue',
      help: 'with --stop: put stopped tasks back at the front of their queues',
      group: 'Process',
    },
    {
      flags: '--resume [ids...]',
      help: 'cancel a drain: the daemon that was started with these flags, or the named workers, pull tasks again',
      group: 'Process',
    },
    {
      flags: '--status',
      help: 'show the state of the daemon, its schedule and its queues, then exit',
      group: 'Process',
    },
    {
      flags: '--no-wait',
      help: 'exit with an error if the server cannot be reached at start; with --stop: return without waiting',
      group: 'Process',
    },
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
      flags: '--services-mode [count]',
      help: 'run many tasks at once without GPUs, each with its own worker id (default count: no limit)',
      group: 'Task',
      parse: serviceCount,
    },
    {
      flags: '--slots <count>',
      help: 'run this many CPU tasks side by side, each with its own worker id',
      group: 'Task',
      parse: slotNumber,
    },
    {
      flags: '--dynamic-gpus',
      help: 'share the GPUs of --gpus among tasks that run side by side; each queue sets how many: --queue one=1 some=1-4 half=0.5',
      group: 'Task',
    },
    {
      flags: '--use-owner-token',
      help: "run each task with its owner's identity instead of the agent's",
      group: 'Task',
    },
    {
      flags: '--standalone-mode',
      help: 'use the network for the API only; code and packages must already be present',
      group: 'Task',
    },
    ...driverFlags('run tasks in containers; image and arguments are for tasks that name no image'),
    ...runFlags,
    ...machineFlags,
    ...outputFlags,
    ...notTaken,
  ],
  contradictions: [
    { flags: ['--stop', '--status'], hint: 'Give either --stop or --status.' },
    { flags: ['--stop', '--resume'], hint: 'Give either --stop or --resume.' },
    { flags: ['--resume', '--status'], hint: 'Give either --resume or --status.' },
    {
      flags: ['--drain', '--leave'],
      hint: 'Give either --drain (wait for the tasks) or --leave (keep them running).',
    },
    { flags: ['--leave', '--requeue'], hint: 'Tasks that are left run on, so none is put back.' },
    { flags: ['--leave', '--timeout'], hint: '--leave ends the daemon at once.' },
    {
      flags: ['--detached', '--foreground'],
      hint: 'Use --detached to run in the background; without it the daemon stays in this terminal.',
    },
    {
      flags: ['--dynamic-gpus', '--cpu-only'],
      hint: 'Leave out --cpu-only; a queue name=0 with --slots takes tasks without GPUs.',
    },
    {
      flags: ['--slots', '--gpus'],
      hint: 'Tasks of --slots see no GPU; add --dynamic-gpus to give GPUs out as well.',
      unless: ({ dynamicGpus, gpus }) => dynamicGpus === true || gpus === 'none',
    },
    ...MACHINE_CONTRADICTIONS,
  ],
  examples: [
    'agent daemon --queue default --foreground',
    'agent daemon --queue high_q low_q --gpus 0 --detached',
    'agent daemon --queue team_a:3 team_b:1 --slots 8 --queue-limit team_b=2',
    'agent daemon --queue services --services-mode 10 --docker python:3.12',
    'agent daemon --dynamic-gpus --gpus 0-7 --queue single=1 pair=2 any=1-8',
    'agent daemon --queue cpu --slots 8',
    'agent daemon --stop',
    'agent daemon --stop --drain --timeout 2h --requeue',
  ],
  async run(context) {
    const { runDaemonCommand } = await import('./run.js');
    return runDaemonCommand(context);
  },
};
