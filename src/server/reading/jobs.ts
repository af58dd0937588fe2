import type { Identity } from '../auth/accounts.js';
import type { LogPortion, PortionRequest } from '../events/log/log-download.js';
import type { JsonObject } from '../json.js';
import type { Version } from '../versions.js';

/** A call whose handler only reads; the thread of readers runs it. */
export interface CallJob {
  kind: 'call';
  endpoint: string;
  body: unknown;
  identity: Identity;
  version: Version;
  ip: string;
  worker: string;
  /** Of the clock of the server, in milliseconds since 1970. */
  now: number;
}

/** The next lines of a log. */
export interface PortionJob {
  kind: 'portion';
  request: PortionRequest;
}

/** Moves what is in the log of the database into the database itself. */
export interface CheckpointJob {
  kind: 'checkpoint';
}

export type ReadJob = CallJob | PortionJob | CheckpointJob;

/** A message to the thread: a job, or the wish that it ends. */
export interface ReaderMessage {
  id: number;
  job: ReadJob | { kind: 'end' };
}

/** A refusal, as a message between threads has it. */
export interface Refusal {
  status: number;
  subcode: number;
  data: JsonObject;
  message: string;
}

/** JSON of what a call answers, the portion, nothing, a refusal, or why the job failed. */
export type ReadOutcome =
  | { json: string }
  | { portion: LogPortion }
  | { done: true }
  | { refusal: Refusal }
  | { failure: string };

/** What the thread works with. */
export interface ReaderData {
  /** The database. */
  file: string;
  company: string;
  owner: string;
}
