import { wordsOf } from '../../../src/drivers/docker/arguments/argument-item.js';
import { expandEnvironment } from '../../../src/drivers/docker/arguments/expand-environment.js';
import { filterArguments } from '../../../src/drivers/docker/arguments/filter-arguments.js';
import { withoutSwitches } from '../../../src/drivers/docker/arguments/merge-arguments.js';
import { parseArguments } from '../../../src/drivers/docker/arguments/parse-arguments.js';
import { readArgumentSettings } from '../../../src/drivers/docker/plan/argument-settings.js';
import { flatConfig } from '../../support/flat-config.js';

interface FilterInput {
  op: string;
  docker_args: string[];
  filters?: string[];
  env?: Record<string, string>;
  exclude?: string[];
  include?: string[];
}

export function dockerArgsFilter(input: FilterInput): unknown {
  const items = parseArguments(input.docker_args);
  if (input.op === 'filter_docker_args') {
    const config = { 'agent.docker_args_filters': input.filters ?? [] };
    const settings = readArgumentSettings(flatConfig({ config, env: input.env ?? {} }));
    return wordsOf(filterArguments(items, settings.filters));
  }
  if (input.op === 'resolve_env') return wordsOf(expandEnvironment(items, input.env ?? {}));
  if (input.op === 'filter_switches' && input.include === undefined) {
    return wordsOf(withoutSwitches(items, input.exclude ?? []));
  }
  return undefined;
}
