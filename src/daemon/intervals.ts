import type { Config } from '../config/config.js';
import type { VariableName } from '../config/options/option-types.js';
import { AgentError } from '../errors.js';
import type { Pace } from './queues/pace.js';

export interface Intervals {
  /** Of the looks at the queues. */
  pace: Pace;
  /** Between two looks at a running task's status. */
  abortPollMs: number;
  /** Between two reports of this worker. */
  reportMs: number;
  /** The same while it runs nothing. */
  idleReportMs: number;
}

/** With one call a pass, looking this often costs the server less than the original's five seconds. */
const FIXED_POLL_SECONDS = 2.2;
const ABORT_POLL_SECONDS = 1.5;
/** A user who wants fewer queue calls gets fewer status calls too, up to the original's pace. */
const MOST_ABORT_POLL_SECONDS = 5;
const REPORT_SECONDS = 30;
/** Above a minute: with the looks of an idle daemon there are 12 requests in any minute. Servers keep a worker for 600 s. */
const IDLE_REPORT_SECONDS = 61;
/** A timer of Node fires at once when its time does not fit into 31 bits of milliseconds; a day does. */
const MOST_SECONDS = 86_400;

/**
 * @param flag `--polling-interval` in seconds, where given; the variable wins over it, as in the original
 * @throws AgentError CONFIG_VALUE
 */
export function intervals(config: Config, flag: number | undefined): Intervals {
  const asked = seconds(config, 'CLEARML_AGENT_QUEUE_POLL_FREQ_SEC') ?? flag;
  const abort = Math.min(Math.max(asked ?? 0, ABORT_POLL_SECONDS), MOST_ABORT_POLL_SECONDS);
  const report = seconds(config, 'CLEARML_AGENT_STATUS_REPORT_FREQ_SEC');
  const isAdaptive = asked === undefined && config.agent.adaptivePolling;
  return {
    pace: isAdaptive ? { kind: 'adaptive' } : { kind: 'fixed', ms: 1000 * (asked ?? FIXED_POLL_SECONDS) },
    abortPollMs: 1000 * abort,
    reportMs: 1000 * (report ?? REPORT_SECONDS),
    idleReportMs: 1000 * (report ?? IDLE_REPORT_SECONDS),
  };
}

function seconds(config: Config, name: VariableName): number | undefined {
  const text = config.variable(name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isFinite(number) && number > 0 && number <= MOST_SECONDS) return number;
  throw new AgentError(
    'CONFIG_VALUE',
    `${name}: expected a number of seconds above 0 and up to ${MOST_SECONDS}, found "${text}"`,
  );
}

/** What a task gets between its signal and the kill, milliseconds. */
export function killGraceMs(config: Config): number {
  return 1000 * config.agent.killGraceSec;
}
