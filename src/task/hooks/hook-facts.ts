import type { HookName } from './hook-settings.js';

/** What a hook is given to know. Fields that are not known, or mean nothing for its event, are absent. */
export interface HookFacts {
  /** Id of the task. */
  task?: string | undefined;
  task_name?: string | undefined;
  /** Ids of the task's project, user and queue. */
  project?: string | undefined;
  user?: string | undefined;
  queue?: string | undefined;
  /** GPUs of the task, as `--gpus` names them: `0,1`. */
  gpus?: string | undefined;
  /** What the task becomes: `completed`, `failed`, `stopped`, `queued`; `unchanged` where a user has set its status. */
  status?: string | undefined;
  /** Why the task ends or is stopped. */
  reason?: string | undefined;
  /** Of a failed task. */
  failure_class?: string | undefined;
  /** Of a failed GPU: what is wrong. */
  gpu_fault?: string | undefined;
}

/** Who runs the hook. */
export interface HookHost {
  worker: string;
  host: string;
}

/** Names and reasons come from users and have any length. */
const LONGEST_VALUE = 1000;

const PREFIX = 'CLEARML_AGENT_HOOK';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Variables of the agent's own environment that a hook gets. A list of what may pass keeps out every variable that it does not name:
 * the agent's environment holds logins of the server, of git, of package indexes and of proxies.
 */
const PASSED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LANGUAGE', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR'];

/** `CLEARML_AGENT_HOOK=before_task`, `CLEARML_AGENT_HOOK_TASK=…` and what every program needs. */
export function hookEnvironment(
  name: HookName,
  facts: HookHost & HookFacts,
  base: Environment,
): Record<string, string> {
  const passed = PASSED.map((variable) => [variable, base[variable]] as const);
  const told = Object.entries(facts).map(
    ([fact, value]: [string, string | undefined]) =>
      [`${PREFIX}_${fact.toUpperCase()}`, oneLine(value)] as const,
  );
  const known = [...passed, [PREFIX, name] as const, ...told];
  return Object.fromEntries(known.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The same facts on standard input, as they are. */
export function hookInput(name: HookName, facts: HookHost & HookFacts, time: Date): string {
  return `${JSON.stringify({ version: 1, hook: name, time: time.toISOString(), ...facts })}\n`;
}

/** A variable cannot hold NUL, and a line end in one surprises a shell script. */
function oneLine(value: string | undefined): string | undefined {
  return value?.slice(0, LONGEST_VALUE).replace(/\p{Cc}/gu, ' ');
}
