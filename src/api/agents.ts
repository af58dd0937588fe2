import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import type { TlsSettings } from './trust.js';

export interface PoolOptions {
  tls: TlsSettings;
  /** Longest wait for a connection at this moment, milliseconds. */
  connectMs(): number;
}

/** Connections of the process to API servers; idle ones are kept open for a while. */
export interface Pool {
  http: http.Agent;
  https: https.Agent;
  close(): void;
}

/**
 * Node servers close an idle connection after 5 s. Closing it here before that rules out the race in which a
 * request is sent on a connection that the server closes at the same moment.
 */
const IDLE_MS = 4000;
const IDLE_CONNECTIONS = 8;

export function openPool({ tls, connectMs }: PoolOptions): Pool {
  const options = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: IDLE_CONNECTIONS };
  const plain = new PlainAgent(options, connectMs);
  const secure = new SecureAgent({ ...options, ...tls }, connectMs);
  return {
    http: plain,
    https: secure,
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

class PlainAgent extends http.Agent {
  readonly #connectMs: () => number;

  constructor(options: http.AgentOptions, connectMs: () => number) {
    super(options);
    this.#connectMs = connectMs;
  }

  override createConnection(...args: Parameters<http.Agent['createConnection']>): Duplex | null | undefined {
    return limitConnect(super.createConnection(...args), 'connect', this.#connectMs());
  }
}

class SecureAgent extends https.Agent {
  readonly #connectMs: () => number;

  constructor(options: https.AgentOptions, connectMs: () => number) {
    super(options);
    this.#connectMs = connectMs;
  }

  override createConnection(...args: Parameters<https.Agent['createConnection']>): Duplex | null | undefined {
    return limitConnect(super.createConnection(...args), 'secureConnect', this.#connectMs());
  }
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
