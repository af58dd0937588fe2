import type { Environment } from './config.js';
import { nearest } from './nearest.js';
import { OPTIONS } from './options/option-table.js';
import { VARIABLES } from './variables/variable-table.js';

/** Variables of other programs that ours reads are not ours to complain about. */
const OWN = /^(?:CLEARML|TRAINS|K8S_GLUE)_/;
/** Ours, and no configuration key spelled as a variable. */
const AGENT = /^CLEARML_AGENT_(?!_)/;

const SPELLINGS: readonly string[] = [
  ...VARIABLES.flatMap(({ name, aliases = [] }) => [name, ...aliases]),
  ...OPTIONS.flatMap(({ variables = [] }) => variables),
];

/** Variables that the agent sets itself for its children. */
const SET_BY_AGENT: ReadonlySet<string> = new Set([
  'CLEARML_AGENT_VERSION',
  'CLEARML_AGENT_SERVICE_TASK',
  'CLEARML_AGENT_HOST_IP',
  'CLEARML_AGENT_ABORT_CALLBACK_CMD_REGISTERED',
  'CLEARML_AGENT_UPDATE_VERSION',
  'CLEARML_AGENT_UPDATE_REPO',
  'CLEARML_AGENT_DAEMON_OPTIONS',
  'CLEARML_AGENT_QUEUES',
  'CLEARML_AGENT_NO_DOCKER',
  'CLEARML_AGENT_EXTRA_ARGS',
  'CLEARML_AGENT_DEFAULT_BASE_DOCKER',
]);

/** Sentences about variables that do not do what their owner may think. */
export function checkVariables(env: Environment): string[] {
  const known = new Set(SPELLINGS);
  const empty = SPELLINGS.filter((name) => OWN.test(name) && env[name]?.trim() === '');
  const ignored = VARIABLES.flatMap((variable) =>
    'ignored' in variable && OWN.test(variable.name) && (env[variable.name] ?? '').trim() !== ''
      ? [`variable ${variable.name} has no effect: ${variable.ignored}`]
      : [],
  );
  const mistyped = Object.keys(env)
    .filter((name) => AGENT.test(name) && !known.has(name) && !SET_BY_AGENT.has(name))
    .flatMap((name) => {
      const near = nearest(name, SPELLINGS);
      return near === undefined ? [] : [`unknown variable ${name}; did you mean ${near}?`];
    });
  return [
    ...(empty.length === 0 ? [] : [`empty, and therefore ignored: ${empty.join(', ')}`]),
    ...ignored,
    ...mistyped,
  ];
}
