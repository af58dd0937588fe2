import type { Config } from '../../config/config.js';
import type { VariableName } from '../../config/options/option-types.js';
import { AgentError } from '../../errors.js';
import type { MergeRules } from '../arguments/merge-arguments.js';
import type { HidingRules } from '../arguments/sanitize-command.js';
import { requireClosedQuotes } from '../arguments/shell-text.js';
import { splitElements } from '../arguments/split-elements.js';
import { requireClosedKey } from '../choice/default-image.js';

/** What the configuration says about docker arguments; read once. */
export interface ArgumentSettings {
  /** Expressions of which the task's arguments must match one; empty: all may pass. */
  filters: string[];
  merge: MergeRules;
  /** The administrator's own arguments. */
  extra: string[];
  /** The task's `-e` values may name the agent's variables. */
  allowHostEnvironment: boolean;
  /** Ports that may be published, lowest and highest. */
  allowedPorts: readonly [number, number] | undefined;
  hiding: HidingRules;
  /** Labels of `CLEARML_AGENT_EXTRA_DOCKER_LABELS`. */
  extraLabels: string[];
}

/** @throws AgentError CONFIG_VALUE, DOCKER_ARGUMENT for an open quote */
export function readArgumentSettings(config: Config): ArgumentSettings {
  requireClosedKey(config, 'agent.extra_docker_arguments');
  return {
    filters: variableWords(config, 'CLEARML_AGENT_DOCKER_ARGS_FILTERS') ?? config.agent.dockerArgsFilters,
    merge: {
      forbidden: switchNames(config.agent.forbiddenDockerArgs),
      protectedNames: config.agent.protectedDockerExtraArgs,
      extraFirst: config.agent.dockerArgsExtraPrecedesTask,
    },
    extra: splitElements(
      variableWords(config, 'CLEARML_AGENT_EXTRA_DOCKER_ARGS') ?? config.agent.extraDockerArguments,
    ),
    allowHostEnvironment: config.agent.dockerAllowHostEnviron,
    allowedPorts: portRange(config),
    hiding: hidingRules(config),
    extraLabels: variableWords(config, 'CLEARML_AGENT_EXTRA_DOCKER_LABELS') ?? [],
  };
}

export function hidingRules(config: Config): HidingRules {
  const fromVariable = variableWords(config, 'CLEARML_AGENT_DOCKER_ARGS_HIDE_ENV');
  return {
    enabled: fromVariable !== undefined || config.agent.hideDockerCommandEnvVars.enabled,
    // Whatever the quotes around them: no variable has a blank or a comma in its name.
    extraNames: [...config.agent.hideDockerCommandEnvVars.extraKeys, ...(fromVariable ?? [])].flatMap(
      (name) => name.split(/[\s,]+/),
    ),
    urls: config.agent.hideDockerCommandEnvVars.parseEmbeddedUrls,
  };
}

/** `--privileged` means what `privileged` does. */
function switchNames(names: readonly string[]): string[] {
  return names.map((name) => name.trim().replace(/^-{1,2}/, ''));
}

function variableWords(config: Config, name: VariableName): string[] | undefined {
  const text = config.variable(name);
  if (text !== undefined) requireClosedQuotes(text, name);
  return config.words(name);
}

function portRange(config: Config): readonly [number, number] | undefined {
  const ports = config.agent.dockerArgsAllowedPortRange.map(Number);
  if (ports.length === 0) return undefined;
  if (ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65535)) {
    throw new AgentError(
      'CONFIG_VALUE',
      `agent.docker_args_allowed_port_range: expected ports, found [${ports}]`,
    );
  }
  return [Math.min(...ports), Math.max(...ports)];
}
