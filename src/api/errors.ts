import { AgentError, type AgentErrorOptions, isAgentError } from '../errors.js';

/** Answers that the agent's own logic looks at: HTTP status and sub-code of the server's error table. */
export const API_PROBLEM = {
  /** No such thing with that id; `tasks.started` says so for an unknown task. */
  invalidId: [400, 10],
  emptyBatch: [400, 17],
  invalidTask: [400, 101],
  invalidTaskStatus: [400, 110],
  /** Another client changed the status at the same time. */
  failedChangingStatus: [400, 121],
  eventsNotAdded: [400, 131],
  invalidQueue: [400, 701],
  notQueued: [400, 703],
  /** Another agent took the task while it was moved within its queue. */
  removedWhileMoved: [400, 704],
  alreadyQueued: [400, 706],
  noDefaultQueue: [400, 707],
  severalDefaultQueues: [400, 708],
  /** A name that has to be the only one is there already. */
  notUnique: [400, 801],
} as const satisfies Record<string, readonly [number, number]>;

export interface ApiAnswer {
  endpoint: string;
  /** HTTP status, which equals the envelope's result code. */
  status: number;
  /** 0 when the server gives none. */
  subcode: number;
  message: string;
  retryAfterMs?: number;
}

/** The server answered a call with an error. */
export class ApiError extends AgentError {
  static override readonly kind = 'ApiError';
  readonly endpoint: string;
  readonly status: number;
  readonly subcode: number;
  /** How long the server asks callers to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(answer: ApiAnswer, options: AgentErrorOptions = {}) {
    const { endpoint, status, subcode, message } = answer;
    const code = status === 401 ? 'API_CREDENTIALS' : 'API_REFUSED';
    super(code, `${endpoint}: ${message} (${status}/${subcode})`, options);
    this.endpoint = endpoint;
    this.status = status;
    this.subcode = subcode;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

/** No answer came: the server cannot be reached, or the connection broke. */
export class ConnectionError extends AgentError {
  static override readonly kind = 'ConnectionError';
  /** True when the request may have reached the server, so it is unknown whether it was carried out. */
  readonly maybeDone: boolean;
  /** True when the next attempt would fail in the same way: the server's certificate is not trusted. */
  readonly lasting: boolean;
  /** The connection had been kept open since an earlier call and the server had closed it meanwhile. */
  readonly stale: boolean;

  constructor(message: string, facts: ConnectionFacts, options: AgentErrorOptions = {}) {
    super('API_UNREACHABLE', message, options);
    this.maybeDone = facts.maybeDone;
    this.lasting = facts.lasting ?? false;
    this.stale = facts.stale ?? false;
  }
}

export interface ConnectionFacts {
  maybeDone: boolean;
  lasting?: boolean;
  stale?: boolean;
}

/** `isApiError(error, 400, 101)`, or with a row of the table: `isApiError(error, ...API_PROBLEM.invalidTask)`. */
export function isApiError(error: unknown, status?: number, subcode?: number): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  return (status ?? error.status) === error.status && (subcode ?? error.subcode) === error.subcode;
}

/** The server does not know the task that a call was about. */
export function isTaskGone(error: unknown): boolean {
  if (isAgentError(error, 'TASK_NOT_FOUND')) return true;
  return isApiError(error, ...API_PROBLEM.invalidTask) || isApiError(error, ...API_PROBLEM.invalidId);
}
