import { type ArgumentItem, wordsOf } from '../arguments/argument-item.js';
import { expandEnvironment } from '../arguments/expand-environment.js';
import { filterArguments } from '../arguments/filter-arguments.js';
import { enforceRules, mergeArguments } from '../arguments/merge-arguments.js';
import { parseArguments } from '../arguments/parse-arguments.js';
import { mapPublishedPorts } from '../arguments/published-ports.js';
import { isSecretName } from '../resolve-template.js';
import type { ArgumentSettings } from './argument-settings.js';

export interface ArgumentRequest {
  /** The task's words, or the default ones. */
  task: readonly string[];
  /** The administrator's words; the settings' own when absent. */
  extra?: readonly string[];
  settings: ArgumentSettings;
  /** The agent's environment. */
  env: Readonly<Record<string, string | undefined>>;
  /** TCP and UDP ports of this machine in use; asked only when something is published. */
  usedPorts(): ReadonlySet<number>;
  /** Address of this machine; asked only when something is published. */
  hostAddress(): string | undefined;
}

export interface PlannedArguments {
  words: string[];
  /** Lines for the task's log: what was taken out, and why. */
  notes: string[];
  /** Switches that were taken out because no task may use them. */
  stripped: string[];
  /** Runtime properties to store in the task. */
  runtime: Readonly<Record<string, string>>;
}

/** Arguments of task and administrator, filtered, expanded, merged, with their ports mapped. */
export function planArguments(request: ArgumentRequest): PlannedArguments {
  const { settings, env } = request;
  const given = parseArguments(request.task);
  const allowed = filterArguments(given, settings.filters);
  const task = settings.allowHostEnvironment ? expandEnvironment(allowed, env) : withoutAgentSecrets(allowed);
  const extra = expandEnvironment(parseArguments(request.extra ?? settings.extra), env);
  const merged = mergeArguments(task, extra, settings.merge);
  const { items: allowedItems, ...enforced } = enforceRules(merged.items, merged.strong, settings.merge);
  const { items, endless } = withoutEndlessRestarts(allowedItems);
  const stripped = [...new Set([...merged.stripped, ...enforced.forbidden])].sort();
  const ports = mapPublishedPorts(items, portFacts(request));
  const address = ports === undefined ? undefined : request.hostAddress();
  return {
    words: [
      ...wordsOf(ports?.items ?? items),
      ...(address === undefined ? [] : ['-e', `CLEARML_AGENT_HOST_IP=${address}`]),
    ],
    notes: [
      ...note('not allowed here, left out', wordsOf(given.filter((item) => !allowed.includes(item)))),
      ...note(
        'forbidden here, left out',
        stripped.map((name) => `--${name}`),
      ),
      ...note(
        'set by the administrator, left out',
        enforced.overruled.map((name) => `--${name}`),
      ),
      ...note('that would run a finished task again and again, left out', endless),
    ],
    stripped,
    runtime: ports === undefined ? {} : { _external_host_tcp_port_mapping: ports.mapping },
  };
}

/** Policies by which the engine starts a container again that has ended well; `docker run --rm` refuses them, too. */
const ENDLESS = /^(?:always|unless-stopped)\b/;

function withoutEndlessRestarts(items: readonly ArgumentItem[]): {
  items: ArgumentItem[];
  endless: string[];
} {
  const isEndless = ({ options }: ArgumentItem): boolean =>
    options.some(({ option, value }) => option.name === 'restart' && ENDLESS.test(value));
  return { items: items.filter((item) => !isEndless(item)), endless: wordsOf(items.filter(isEndless)) };
}

/** The ports in use are looked up only for arguments that publish some. */
function portFacts(request: ArgumentRequest) {
  const { allowedPorts } = request.settings;
  return {
    get used() {
      return request.usedPorts();
    },
    ...(allowedPorts === undefined ? {} : { allowed: allowedPorts }),
  };
}

/** `-e NAME` takes the agent's value; a task may not have the agent's secrets that way. */
function withoutAgentSecrets(items: readonly ArgumentItem[]): ArgumentItem[] {
  return items.filter(({ options }) => {
    const last = options.at(-1);
    return last?.option.name !== 'env' || last.value.includes('=') || !isSecretName(last.value);
  });
}

function note(reason: string, words: readonly string[]): string[] {
  return words.length === 0 ? [] : [`docker arguments ${reason}: ${words.join(' ')}`];
}
