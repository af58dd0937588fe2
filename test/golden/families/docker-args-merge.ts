import type { ConfigValue } from '../../../src/config/config.js';
import { wordsOf } from '../../../src/container/arguments/argument-item.js';
import { mergeArguments } from '../../../src/container/arguments/merge-arguments.js';
import { parseArguments } from '../../../src/container/arguments/parse-arguments.js';
import { readArgumentSettings } from '../../../src/container/plan/argument-settings.js';
import { planArguments } from '../../../src/container/plan/plan-arguments.js';
import { flatConfig } from '../../support/flat-config.js';

interface MergeInput {
  op: string;
  task_args?: string[] | null;
  extra_args?: string[] | null;
  docker_args?: string[];
  used_ports?: number[];
  host_ip?: string | null;
  config: Record<string, ConfigValue>;
  env?: Record<string, string>;
}

export function dockerArgsMerge(input: MergeInput): unknown {
  const config = flatConfig({ config: input.config, env: input.env ?? {}, complete: true });
  const settings = readArgumentSettings(config);
  if (input.op === 'merge') {
    const task = parseArguments(input.task_args ?? []);
    const { items, stripped } = mergeArguments(task, parseArguments(input.extra_args ?? []), settings.merge);
    return { args: wordsOf(items), stripped };
  }
  const { words, runtime } = planArguments({
    task: input.docker_args ?? [],
    settings,
    env: {},
    usedPorts: () => new Set(input.used_ports),
    hostAddress: () => config.variable('CLEARML_AGENT_FORCE_HOST_MACHINE_IP') ?? input.host_ip ?? undefined,
  });
  return Object.keys(runtime).length === 0 ? null : { args: words, runtime };
}
