import test from 'ava';
import { planEntrypoint } from '../../../src/cli/entrypoint/plan-entrypoint.js';

type Variables = Record<string, string>;

function daemon(env: Variables) {
  const plan = planEntrypoint(
    { CLEARML_WORKER_ID: 'glue', CLEARML_AGENT_STATE_DIR: '/state', ...env },
    '/root',
  );
  if (plan.kind === 'end') throw new Error(`ends: ${plan.message}`);
  return plan;
}

/** As the template of ClearML's chart renders it. */
const CHART_ARGUMENTS = '--namespace clearml --template-yaml /root/template/template.yaml --create-queue ';
const TEMPLATE = 'CLEARML_AGENT__AGENT__KUBERNETES__TEMPLATE_FILE';
const START = ['daemon', '--kubernetes', '--foreground', '--queue'];

const COMMAND_LINES: readonly (readonly [string, Variables, string[], Variables])[] = [
  ['an empty variable of the glue', { K8S_GLUE_MAX_PODS: '' }, [...START, 'k8s_glue'], {}],
  [
    "ClearML's chart",
    {
      K8S_GLUE_EXTRA_ARGS: CHART_ARGUMENTS,
      K8S_DEFAULT_NAMESPACE: 'other',
      K8S_GLUE_QUEUE: 'high,low',
      CLEARML_AGENT_UPDATE_REPO: '',
      FORCE_CLEARML_AGENT_REPO: '',
    },
    [...START, 'high', 'low', '--namespace', 'clearml', '--create-queue'],
    { [TEMPLATE]: '"/root/template/template.yaml"' },
  ],
  [
    'a manifest of the glue',
    { K8S_GLUE_QUEUE: 'k8s', K8S_GLUE_MAX_PODS: '10', CLEARML_HOST_IP: '10.0.0.1' },
    [...START, 'k8s', '--max-pods', '10'],
    {
      CLEARML_API_HOST: 'http://10.0.0.1:8008',
      CLEARML_WEB_HOST: 'http://10.0.0.1:8080',
      CLEARML_FILES_HOST: 'http://10.0.0.1:8081',
    },
  ],
  [
    'flags that win over variables',
    {
      K8S_GLUE_QUEUE: 'k8s',
      K8S_GLUE_MAX_PODS: '10',
      K8S_DEFAULT_NAMESPACE: 'a',
      K8S_GLUE_EXTRA_ARGS: '--queue=x,y --max-pods=3 --namespace=b',
    },
    [...START, 'x', 'y', '--namespace', 'b', '--max-pods', '3'],
    {},
  ],
  ['no limit of pods', { K8S_GLUE_MAX_PODS: '0' }, [...START, 'k8s_glue', '--max-pods', '999999'], {}],
  [
    'what the agent has under another name',
    {
      K8S_GLUE_EXTRA_ARGS:
        '--debug --no-system-packages --overrides-yaml "/a b.yaml" --use-owner-token --order-fairness --foreground',
    },
    ['--debug', ...START, 'k8s_glue', '--use-owner-token', '--order-fairness'],
    {
      CLEARML_AGENT_FORCE_SYSTEM_SITE_PACKAGES: '0',
      CLEARML_AGENT__AGENT__KUBERNETES__OVERRIDES_FILE: '"/a b.yaml"',
    },
  ],
  [
    'the services image stays as it is',
    {},
    [
      'daemon',
      '--docker',
      '--foreground',
      '--services-mode',
      '--create-queue',
      '--queue',
      'services',
      '--cpu-only',
    ],
    {},
  ],
];

for (const [title, env, words, variables] of COMMAND_LINES) {
  test(`command line: ${title}`, (t) => {
    const plan = daemon(env);
    t.deepEqual(plan.words, words);
    t.deepEqual(plan.variables, variables);
    t.deepEqual(plan.notes, []);
  });
}

const NOTES: readonly (readonly [string, Variables, RegExp[]])[] = [
  [
    'ports mode, once for all of its flags',
    {
      K8S_GLUE_EXTRA_ARGS:
        '--ports-mode --num-of-services 20 --base-port 30000 --gateway-address 0.0.0.0 --limit-pod-label a=pod-{pod_number}',
    },
    [/^--ports-mode, --num-of-services, --base-port, --gateway-address, --limit-pod-label have no effect: /],
  ],
  [
    'scripts, configuration and names of pods',
    {
      K8S_GLUE_EXTRA_ARGS:
        '--container-bash-script /s --pod-clearml-conf /c --pod-name-prefix p- --k8s-pending-queue-name q --ssh-server-port 22',
    },
    [
      /^--container-bash-script has no effect: .*docker_init_bash_script/,
      /^--pod-clearml-conf has no effect/,
      /^--pod-name-prefix has no effect/,
      /^--k8s-pending-queue-name has no effect/,
      /^--ssh-server-port has no effect/,
    ],
  ],
  ['a variable that nobody knows', { K8S_GLUE_NEW: '1' }, [/^K8S_GLUE_NEW has no effect/]],
  [
    'a state folder that ends with the pod',
    { K8S_GLUE_QUEUE: 'x', CLEARML_AGENT_STATE_DIR: '' },
    [/^CLEARML_AGENT_STATE_DIR is not set: /],
  ],
];

for (const [title, env, patterns] of NOTES) {
  test(`without effect: ${title}`, (t) => {
    const { notes } = daemon({ K8S_GLUE_QUEUE: 'q', ...env });
    t.is(notes.length, patterns.length, notes.join('\n'));
    for (const [at, pattern] of patterns.entries()) t.regex(notes[at] ?? '', pattern);
  });
}

const REFUSED: readonly (readonly [string, Variables, string, RegExp])[] = [
  [
    'a flag without its value',
    { K8S_GLUE_EXTRA_ARGS: '--template-yaml' },
    'USAGE',
    /--template-yaml has no value/,
  ],
  ['no number of pods', { K8S_GLUE_MAX_PODS: 'many' }, 'CONFIG_VALUE', /takes a number of pods, got "many"/],
];

for (const [title, env, code, message] of REFUSED) {
  test(`refused: ${title}`, (t) => {
    t.throws(() => daemon(env), { code, message });
  });
}
