import path from 'node:path';
import type { Environment } from '../../config/config.js';
import { readList } from '../../config/lists.js';
import { readVariable } from '../../config/variables.js';
import { engineSees, parseHostFolder } from '../../container/plan/host-mount.js';
import { stateFolder } from '../../os/paths.js';
import { type GluePlan, isGlue, planGlue } from './plan-glue.js';

/** What a container of the agent does with the variables that it was given. */
export type EntrypointPlan =
  | { kind: 'end'; message: string }
  | {
      kind: 'daemon';
      /** The agent's command line. */
      words: string[];
      /** Variables that follow from the given ones. */
      variables: Record<string, string>;
      /** Sentences for the container's log. */
      notes: string[];
    };

const SERVICES = ['--services-mode', '--create-queue'];
const SERVICES_QUEUE = 'services';
/** Default address that a server listens on. */
const PORTS = { CLEARML_API_HOST: 8008, CLEARML_WEB_HOST: 8080, CLEARML_FILES_HOST: 8081 } as const;

/**
 * Reads the variables of the original's images.
 *
 * @throws AgentError CONFIG_VALUE for a value that makes no sense, USAGE for a flag of the glue without its value
 */
export function planEntrypoint(env: Environment, home: string): EntrypointPlan {
  const given = (name: string) => readVariable(env, name)?.value;
  if (given('SHUTDOWN_IF_NO_ACCESS_KEY') && !given('CLEARML_API_ACCESS_KEY')) {
    return { kind: 'end', message: 'no access key is given (CLEARML_API_ACCESS_KEY): nothing to do' };
  }
  const state = statePlan(env, home);
  const { words, variables, notes } = isGlue(env) ? planGlue(env) : servicesPlan(given);
  return {
    kind: 'daemon',
    words,
    variables: { ...serverAddresses(given), ...variables, ...state.variables },
    notes: [...notes, ...updateNotes(given), ...identityNotes(given), ...state.notes],
  };
}

type Given = (name: string) => string | undefined;

function servicesPlan(given: Given): GluePlan {
  return { words: daemonWords(given), variables: {}, notes: [] };
}

/** `--docker` comes first: it takes all words up to the next flag. */
function daemonWords(given: Given): string[] {
  const local = given('CLEARML_AGENT_NO_DOCKER') !== undefined;
  const options = given('CLEARML_AGENT_DAEMON_OPTIONS');
  const chosen =
    options === undefined
      ? SERVICES.filter((flag) => !local || flag !== '--services-mode')
      : readList(options, 'words');
  const extra = readList(given('CLEARML_AGENT_EXTRA_ARGS') ?? '', 'words');
  const has = (flag: string) =>
    [...chosen, ...extra].some((word) => word === flag || word.startsWith(`${flag}=`));
  const image = given('CLEARML_AGENT_DEFAULT_BASE_DOCKER');
  const queues = readList(given('CLEARML_AGENT_QUEUES') ?? SERVICES_QUEUE, 'names');
  return [
    'daemon',
    ...(local || has('--podman') || has('--docker')
      ? []
      : ['--docker', ...(image === undefined ? [] : [image])]),
    ...(has('--foreground') ? [] : ['--foreground']),
    ...chosen,
    ...(has('--queue') ? [] : ['--queue', ...queues]),
    ...(has('--gpus') || has('--cpu-only') ? [] : ['--cpu-only']),
    ...extra,
  ];
}

function serverAddresses(given: Given): Record<string, string> {
  const host = given('CLEARML_HOST_IP');
  if (host === undefined) return {};
  const missing = Object.entries(PORTS).filter(([name]) => given(name) === undefined);
  return Object.fromEntries(missing.map(([name, port]) => [name, `http://${host}:${port}`]));
}

function updateNotes(given: Given): string[] {
  const set = ['CLEARML_AGENT_UPDATE_VERSION', 'CLEARML_AGENT_UPDATE_REPO'].filter((name) => given(name));
  return set.map((name) => `${name} has no effect: the tag of the image chooses the version of the agent`);
}

function identityNotes(given: Given): string[] {
  if (given('CLEARML_WORKER_ID') || given('CLEARML_WORKER_NAME')) return [];
  return ['CLEARML_WORKER_ID is not set: if this container stops, no other container resumes its tasks'];
}

interface StatePlan {
  variables: Record<string, string>;
  notes: string[];
}

/** The agent's state has to outlive its container, and the engine has to see the workspaces of tasks. */
function statePlan(env: Environment, home: string): StatePlan {
  const text = readVariable(env, 'CLEARML_AGENT_DOCKER_HOST_MOUNT')?.value;
  if (text === undefined) return { variables: {}, notes: [] };
  const mount = parseHostFolder(text);
  const isShared = (folder: string) => engineSees(folder, [mount]) !== undefined;
  const folders = path.join(home, '.clearml');
  const isPlaced =
    isShared(stateFolder(env, home)) || readVariable(env, 'CLEARML_AGENT_STATE_DIR') !== undefined;
  return {
    variables: isPlaced ? {} : { CLEARML_AGENT_STATE_DIR: path.join(mount.inside, 'agent') },
    notes: isShared(folders) ? [] : [`${folders} is not below ${mount.inside}: ${NOT_SHARED}`],
  };
}

const NOT_SHARED =
  'containers of tasks share no caches; mount a folder of the machine there and name it in CLEARML_AGENT_DOCKER_HOST_MOUNT';
