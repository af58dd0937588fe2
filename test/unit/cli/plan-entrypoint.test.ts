import test from 'ava';
import { planEntrypoint } from '../../../src/cli/entrypoint/plan-entrypoint.js';

type Variables = Record<string, string>;

const WORKER = { CLEARML_WORKER_ID: 'services' };

function daemon(env: Variables, home = '/root') {
  const plan = planEntrypoint({ ...WORKER, ...env }, home);
  if (plan.kind === 'end') throw new Error(`ends: ${plan.message}`);
  return plan;
}

const COMMAND_LINES: readonly (readonly [string, Variables, string[]])[] = [
  [
    'nothing is set',
    {},
    [
      ...['daemon', '--docker', '--foreground', '--services-mode', '--create-queue'],
      ...['--queue', 'services', '--cpu-only'],
    ],
  ],
  [
    'the apps agent of the product',
    {
      CLEARML_AGENT_DAEMON_OPTIONS:
        '--foreground --create-queue --use-owner-token --child-report-tags application --services-mode=10',
      CLEARML_AGENT_QUEUES: 'custom_apps_queue',
      CLEARML_AGENT_DEFAULT_BASE_DOCKER: 'allegro/app:1',
      CLEARML_AGENT_NO_UPDATE: '1',
    },
    [
      ...['daemon', '--docker', 'allegro/app:1', '--foreground', '--create-queue', '--use-owner-token'],
      ...['--child-report-tags', 'application', '--services-mode=10', '--queue', 'custom_apps_queue'],
      '--cpu-only',
    ],
  ],
  [
    'an image with arguments and several queues, by older names',
    {
      TRAINS_AGENT_DEFAULT_BASE_DOCKER: 'python:3.12 --ipc=host',
      CLEARML_AGENT_QUEUES: 'high  low "two words"',
      TRAINS_AGENT_EXTRA_ARGS: '--order-fairness',
    },
    [
      ...[
        'daemon',
        '--docker',
        'python:3.12 --ipc=host',
        '--foreground',
        '--services-mode',
        '--create-queue',
      ],
      ...['--queue', 'high', 'low', 'two words', '--cpu-only', '--order-fairness'],
    ],
  ],
  [
    'flags among the extra ones replace what would be added',
    {
      CLEARML_AGENT_DAEMON_OPTIONS: '--create-queue',
      CLEARML_AGENT_EXTRA_ARGS: '--queue gpu --gpus=0,1',
      CLEARML_AGENT_QUEUES: 'other',
    },
    ['daemon', '--docker', '--foreground', '--create-queue', '--queue', 'gpu', '--gpus=0,1'],
  ],
  [
    'no engine: services need one, so there is no services mode',
    { CLEARML_AGENT_NO_DOCKER: 'yes', CLEARML_AGENT_DEFAULT_BASE_DOCKER: 'python:3.12' },
    ['daemon', '--foreground', '--create-queue', '--queue', 'services', '--cpu-only'],
  ],
  [
    'another engine',
    { CLEARML_AGENT_EXTRA_ARGS: '--podman python:3.12' },
    [
      ...['daemon', '--foreground', '--services-mode', '--create-queue', '--queue', 'services'],
      ...['--cpu-only', '--podman', 'python:3.12'],
    ],
  ],
];

for (const [title, env, words] of COMMAND_LINES) {
  test(`command line: ${title}`, (t) => t.deepEqual(daemon(env).words, words));
}

test('the host of a server names those of its addresses that are not given', (t) => {
  t.deepEqual(daemon({}).variables, {});
  t.deepEqual(daemon({ CLEARML_HOST_IP: '10.0.0.1', TRAINS_WEB_HOST: 'https://web' }).variables, {
    CLEARML_API_HOST: 'http://10.0.0.1:8008',
    CLEARML_FILES_HOST: 'http://10.0.0.1:8081',
  });
});

test('without an access key it can be told to end', (t) => {
  const env = { SHUTDOWN_IF_NO_ACCESS_KEY: '1' };
  t.is(planEntrypoint(env, '/root').kind, 'end');
  t.is(planEntrypoint({ ...env, CLEARML_API_ACCESS_KEY: ' ' }, '/root').kind, 'end');
  t.is(planEntrypoint({ ...env, TRAINS_API_ACCESS_KEY: 'key' }, '/root').kind, 'daemon');
});

const STATES: readonly (readonly [string, Variables, string, string | undefined, boolean])[] = [
  // what, variables, home, CLEARML_AGENT_STATE_DIR, whether caches are shared
  ['no mount', {}, '/root', undefined, true],
  ['the usual mount', { CLEARML_AGENT_DOCKER_HOST_MOUNT: '/opt/c:/root/.clearml' }, '/root', undefined, true],
  ['a whole home', { TRAINS_AGENT_K8S_HOST_MOUNT: '/opt/c:/root' }, '/root', undefined, true],
  [
    'another home',
    { CLEARML_AGENT_DOCKER_HOST_MOUNT: '/opt/c:/root/.clearml' },
    '/home/node',
    '/root/.clearml/agent',
    false,
  ],
  [
    'a state folder of its own',
    { CLEARML_AGENT_DOCKER_HOST_MOUNT: '/opt/c:/data', CLEARML_AGENT_STATE_DIR: '/var/state' },
    '/root',
    undefined,
    false,
  ],
];

for (const [title, env, home, state, shared] of STATES) {
  test(`state of the agent: ${title}`, (t) => {
    const { variables, notes } = daemon(env, home);
    t.is(variables.CLEARML_AGENT_STATE_DIR, state);
    t.is(notes.length, shared ? 0 : 1, notes.join('\n'));
  });
}

test('a mount that makes no sense is refused', (t) => {
  t.throws(() => daemon({ CLEARML_AGENT_DOCKER_HOST_MOUNT: 'cache:/root' }), { code: 'CONFIG_VALUE' });
});

test('what has no effect is said, and what a missing worker id leads to', (t) => {
  const updates = { CLEARML_AGENT_UPDATE_VERSION: '2.0', CLEARML_AGENT_UPDATE_REPO: 'git+https://x' };
  t.is(daemon(updates).notes.length, 2);
  t.regex(daemon({ CLEARML_WORKER_ID: '' }).notes.join(), /CLEARML_WORKER_ID is not set/);
});
