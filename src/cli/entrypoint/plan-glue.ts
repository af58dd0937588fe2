import type { Environment } from '../../config/config.js';
import { readList } from '../../config/lists.js';
import { VARIABLES } from '../../config/variables/variable-table.js';
import { readVariable } from '../../config/variables.js';
import { AgentError } from '../../errors.js';

/** What a container does that ClearML's chart, or a manifest of its Kubernetes glue, starts. */
export interface GluePlan {
  /** The agent's command line. */
  words: string[];
  variables: Record<string, string>;
  notes: string[];
}

const QUEUE = 'k8s_glue';
const GLUE = /^(?:K8S_GLUE|CLEARML_K8S)_/;
/** The glue's `--max-pods 0` is no limit; the most that `--max-pods` takes. */
const NO_LIMIT = '999999';

const NO_PORTS = 'there is no ports mode; make a Service whose selector is a label of the pod template';

/** Flags of the glue that the agent has by another name, or not at all; all others are its own. */
const FLAGS: Readonly<Record<string, (value: () => string, plan: GlueArguments) => void>> = {
  '--queue': (value, plan) => {
    plan.queues = value();
  },
  '--namespace': (value, plan) => {
    plan.namespace = value();
  },
  '--max-pods': (value, plan) => {
    plan.maxPods = value();
  },
  '--template-yaml': (value, plan) => {
    plan.variables.CLEARML_AGENT__AGENT__KUBERNETES__TEMPLATE_FILE = JSON.stringify(value());
  },
  '--overrides-yaml': (value, plan) => {
    plan.variables.CLEARML_AGENT__AGENT__KUBERNETES__OVERRIDES_FILE = JSON.stringify(value());
  },
  '--no-system-packages': (_, plan) => {
    plan.variables.CLEARML_AGENT_FORCE_SYSTEM_SITE_PACKAGES = '0';
  },
  '--debug': (_, plan) => {
    plan.debug = true;
  },
  '--ports-mode': (_, plan) => plan.without('--ports-mode', NO_PORTS),
  '--num-of-services': withoutValue('--num-of-services', NO_PORTS),
  '--base-port': withoutValue('--base-port', NO_PORTS),
  '--base-pod-num': withoutValue('--base-pod-num', NO_PORTS),
  '--gateway-address': withoutValue('--gateway-address', NO_PORTS),
  '--limit-pod-label': withoutValue('--limit-pod-label', NO_PORTS),
  '--ssh-server-port': withoutValue('--ssh-server-port', 'the agent starts no SSH server in pods'),
  '--k8s-pending-queue-name': withoutValue(
    '--k8s-pending-queue-name',
    'tasks whose pods wait stay with the agent, in no further queue',
  ),
  '--container-bash-script': withoutValue(
    '--container-bash-script',
    'agent.docker_init_bash_script and agent.extra_docker_shell_script have the commands for containers',
  ),
  '--pod-clearml-conf': withoutValue(
    '--pod-clearml-conf',
    "pods get the agent's own configuration, without its credentials for git",
  ),
  '--pod-name-prefix': withoutValue('--pod-name-prefix', 'names of pods begin with clearml-id-'),
};

function withoutValue(flag: string, why: string) {
  return (value: () => string, plan: GlueArguments) => {
    value();
    plan.without(flag, why);
  };
}

/** What the words of the glue's command line ask for. */
class GlueArguments {
  queues: string | undefined;
  namespace: string | undefined;
  maxPods: string | undefined;
  debug = false;
  readonly variables: Record<string, string> = {};
  /** For `agent daemon`, as they are. */
  readonly others: string[] = [];
  /** Flags by the reason why they have no effect. */
  readonly #without = new Map<string, string[]>();

  without(flag: string, why: string): void {
    this.#without.set(why, [...(this.#without.get(why) ?? []), flag]);
  }

  get notes(): string[] {
    return [...this.#without].map(
      ([why, flags]) => `${flags.join(', ')} ${flags.length > 1 ? 'have' : 'has'} no effect: ${why}`,
    );
  }
}

/** Whether the variables are those of the glue. */
export function isGlue(env: Environment): boolean {
  return Object.keys(env).some((name) => name.startsWith('K8S_GLUE_'));
}

/**
 * The command line that ClearML's Kubernetes glue has for the same variables.
 *
 * @throws AgentError USAGE for a flag without its value, CONFIG_VALUE for a number of pods that is none
 */
export function planGlue(env: Environment): GluePlan {
  const given = (name: string) => readVariable(env, name)?.value;
  const read = readArguments(readList(given('K8S_GLUE_EXTRA_ARGS') ?? '', 'words'));
  const queues = readList(read.queues ?? given('K8S_GLUE_QUEUE') ?? QUEUE, 'names');
  const namespace = read.namespace ?? given('K8S_DEFAULT_NAMESPACE');
  const most = maxPods(read.maxPods ?? given('K8S_GLUE_MAX_PODS'));
  return {
    words: [
      ...(read.debug ? ['--debug'] : []),
      ...['daemon', '--kubernetes', '--foreground', '--queue', ...queues],
      ...(namespace === undefined ? [] : ['--namespace', namespace]),
      ...(most === undefined ? [] : ['--max-pods', most]),
      ...read.others,
    ],
    variables: read.variables,
    notes: [...read.notes, ...unknownVariables(env), ...stateNotes(given)],
  };
}

function readArguments(words: readonly string[]): GlueArguments {
  const read = new GlueArguments();
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name = word, joined] = /^(--[\w-]+)=([\s\S]*)$/.exec(word) ?? [];
    const act = FLAGS[name];
    const value = () => joined ?? rest.shift() ?? missing(name);
    if (act !== undefined) act(value, read);
    else if (word !== '--foreground') read.others.push(word);
  }
  return read;
}

function missing(flag: string): never {
  throw new AgentError('USAGE', `K8S_GLUE_EXTRA_ARGS: ${flag} has no value`);
}

function maxPods(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,6}$/.test(text))
    throw new AgentError('CONFIG_VALUE', `K8S_GLUE_MAX_PODS takes a number of pods, got "${text}"`);
  return Number(text) === 0 ? NO_LIMIT : text;
}

/** A pod that is replaced loses what is on no volume. */
function stateNotes(given: (name: string) => string | undefined): string[] {
  if (given('CLEARML_AGENT_STATE_DIR') || given('CLEARML_AGENT_DOCKER_HOST_MOUNT')) return [];
  return [
    'CLEARML_AGENT_STATE_DIR is not set: if this pod is replaced, its tasks are lost; name a folder of a volume',
  ];
}

/** The daemon itself names those that it knows and ignores. */
function unknownVariables(env: Environment): string[] {
  const known = new Set<string>(VARIABLES.map(({ name }) => name));
  return Object.keys(env)
    .filter((name) => GLUE.test(name) && !known.has(name))
    .map((name) => `${name} has no effect: the agent does not know it`);
}
