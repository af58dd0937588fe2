import fs from 'node:fs';
import path from 'node:path';

/** A recorded sequence of calls of a released ClearML server and its answers; the README beside the files tells the form. */
export interface Scenario {
  name: string;
  /** `files`: it talks to the file server, too. */
  needs?: 'files';
  steps: Step[];
}

export interface Step {
  /** Service and action, or a path of the file server. */
  call: string;
  target?: 'files';
  body?: unknown;
  /** The body as text. */
  raw?: string;
  /** The body as lines of JSON. */
  lines?: unknown[];
  method?: string;
  /** As in a path: `v2.31`. */
  version?: string;
  query?: string;
  contentType?: string;
  /** A header of null is not sent. */
  headers?: Record<string, string | null>;
  /** `none`, `basic:KEY:SECRET`, `bearer:TOKEN`, or the whole header; absent: the server's own key pair. */
  auth?: string;
  /** Names for values of the answer's data, by dotted path. */
  as?: Record<string, string>;
  /** Milliseconds to wait before the call. */
  wait?: number;
  /** Looks only at the entries of a list whose key, or which themselves, contain a text. */
  filter?: { path: string; key?: string; contains: string };
  status: number;
  /** Absent when the answer has no envelope. */
  subcode?: number;
  /** Part of the envelope's `meta`. */
  meta?: Record<string, unknown>;
  data?: unknown;
  compare?: 'exact' | 'subset';
  absent?: string[];
  ignore?: string[];
  unordered?: string[];
  /** What was recorded looks like an accident; it does not count. */
  disputed?: boolean;
  note?: string;
}

const folder = path.join(import.meta.dirname, '../../golden/server');

export function scenarioFiles(): string[] {
  return fs.readdirSync(folder).filter((name) => name.endsWith('.json'));
}

export function readScenario(file: string): Scenario {
  return JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')) as Scenario;
}
