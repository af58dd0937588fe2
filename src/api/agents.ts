import http from 'node:http';
import https from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { TlsSettings } from './trust.js';

export interface PoolOptions {
  /** Asked for the first encrypted connection. */
  tls(): TlsSettings;
  /** Longest wait for a connection at this moment, milliseconds. */
  connectMs(): number;
}

/** Connections of the process to API servers; idle ones are kept open for a while. */
export interface Pool {
  http: http.Agent;
  https(): https.Agent;
  /** Whether a connection that had been kept open brought nothing at all for the request. */
  wasStale(request: unknown): boolean;
  close(): void;
}

/**
 * Node servers close an idle connection after 5 s. Closing it here before that rules out the race in which a
 * request is sent on a connection that the server closes at the same moment.
 */
const IDLE_MS = 4000;
/** Before the end of the time for which a server says that it keeps them (`Keep-Alive: timeout=75`). */
const MARGIN_MS = 1000;
const LONGEST_IDLE_MS = 60_000;
const IDLE_CONNECTIONS = 8;

export function openPool({ tls, connectMs }: PoolOptions): Pool {
  const options = { keepAlive: true, timeout: LONGEST_IDLE_MS, maxFreeSockets: IDLE_CONNECTIONS };
  const reuses = new Reuses();
  const plain = new PlainAgent(options, connectMs, reuses);
  let secure: https.Agent | undefined;
  return {
    http: plain,
    https: () => {
      secure ??= new SecureAgent({ ...options, ...tls() }, connectMs, reuses);
      return secure;
    },
    wasStale: (request) => request instanceof http.ClientRequest && reuses.wasStale(request),
    close: () => {
      plain.destroy();
      secure?.destroy();
    },
  };
}

/** The requests that went out on a kept connection. */
class Reuses {
  readonly #bytesBefore = new WeakMap<http.ClientRequest, number>();

  note(request: http.ClientRequest, socket: Duplex): void {
    this.#bytesBefore.set(request, bytesRead(socket));
  }

  /** A server that closes an encrypted connection says so in some bytes, which are no answer. */
  wasStale(request: http.ClientRequest): boolean {
    const before = this.#bytesBefore.get(request);
    if (before === undefined || answerBegan(request)) return false;
    return request.socket instanceof TLSSocket || bytesRead(request.socket) === before;
  }
}

function bytesRead(socket: Duplex | null): number {
  return socket instanceof Socket ? socket.bytesRead : 0;
}

function answerBegan(request: http.ClientRequest): boolean {
  return 'res' in request && request.res !== null && request.res !== undefined;
}

/** Whether the connection is kept; the types lack it. */
type Kept = ReturnType<http.Agent['keepSocketAlive']>;

class PlainAgent extends http.Agent {
  readonly #connectMs: () => number;

  readonly #reuses: Reuses;

  constructor(options: http.AgentOptions, connectMs: () => number, reuses: Reuses) {
    super(options);
    this.#connectMs = connectMs;
    this.#reuses = reuses;
  }

  override reuseSocket(socket: Duplex, request: http.ClientRequest): void {
    this.#reuses.note(request, socket);
    super.reuseSocket(socket, request);
  }

  override keepSocketAlive(socket: Duplex): Kept {
    const kept = super.keepSocketAlive(socket);
    limitIdle(socket);
    return kept;
  }

  override createConnection(...args: Parameters<http.Agent['createConnection']>): Duplex | null | undefined {
    return limitConnect(super.createConnection(...args), 'connect', this.#connectMs());
  }
}

class SecureAgent extends https.Agent {
  readonly #connectMs: () => number;

  readonly #reuses: Reuses;

  constructor(options: https.AgentOptions, connectMs: () => number, reuses: Reuses) {
    super(options);
    this.#connectMs = connectMs;
    this.#reuses = reuses;
  }

  override reuseSocket(socket: Duplex, request: http.ClientRequest): void {
    this.#reuses.note(request, socket);
    super.reuseSocket(socket, request);
  }

  override keepSocketAlive(socket: Duplex): Kept {
    const kept = super.keepSocketAlive(socket);
    limitIdle(socket);
    return kept;
  }

  override createConnection(...args: Parameters<https.Agent['createConnection']>): Duplex | null | undefined {
    return limitConnect(super.createConnection(...args), 'secureConnect', this.#connectMs());
  }
}

function limitIdle(socket: Duplex): void {
  if (!(socket instanceof Socket)) return;
  const response: unknown = Reflect.get(Object(Reflect.get(socket, '_httpMessage')), 'res');
  const header = response instanceof http.IncomingMessage ? response.headers['keep-alive'] : undefined;
  const said = /^timeout=(\d+)/.exec(String(header))?.[1];
  const idle = said === undefined ? IDLE_MS : Math.min(1000 * Number(said) - MARGIN_MS, LONGEST_IDLE_MS);
  socket.setTimeout(Math.max(idle, 1));
}

/** The error code of a connection that could not be made in time. */
export const CONNECT_TIMEOUT = 'ERR_CONNECT_TIMEOUT';

function limitConnect(
  socket: Duplex | null | undefined,
  made: string,
  ms: number,
): Duplex | null | undefined {
  if (!socket) return socket;
  const timer = setTimeout(() => {
    const error = new Error(`no connection within ${ms / 1000} s`);
    socket.destroy(Object.assign(error, { code: CONNECT_TIMEOUT }));
  }, ms);
  const stop = () => clearTimeout(timer);
  socket.once(made, stop);
  socket.once('close', stop);
  return socket;
}
