import { wordsOf } from '../../../src/container/arguments/argument-item.js';
import { expandEnvironment } from '../../../src/container/arguments/expand-environment.js';
import { filterArguments } from '../../../src/container/arguments/filter-arguments.js';
import { withoutSwitches } from '../../../src/container/arguments/merge-arguments.js';
import { parseArguments } from '../../../src/container/arguments/parse-arguments.js';
import { readArgumentSettings } from '../../../src/container/plan/argument-settings.js';
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
