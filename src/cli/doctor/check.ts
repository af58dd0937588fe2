import type { Config } from '../../config/config.js';
import type { Connection } from '../../daemon/connect.js';

/** What a check found out. */
export interface Finding {
  state: 'ok' | 'warning' | 'problem';
  /** One line. */
  text: string;
  /** What to do about it, one sentence. */
  fix?: string;
}

export interface Check {
  /** Identifies it in the JSON form. */
  name: string;
  title: string;
  /** One or more findings; none where the check does not apply. */
  run(context: DoctorContext): Promise<readonly Finding[]>;
}

export interface DoctorContext {
  config: Config;
  home: string;
  /** `--queue`: names or ids. */
  queues: readonly string[];
  /** `--repository`: an address to try. */
  repository: string | undefined;
  /** Logs in, once for all checks. */
  connection(): Promise<Connection>;
  signal: AbortSignal;
}

export function ok(text: string): Finding {
  return { state: 'ok', text };
}

export function warning(text: string, fix?: string): Finding {
  return { state: 'warning', text, ...(fix === undefined ? {} : { fix }) };
}

export function problem(text: string, fix?: string): Finding {
  return { state: 'problem', text, ...(fix === undefined ? {} : { fix }) };
}
