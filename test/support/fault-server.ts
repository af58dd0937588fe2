import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** What happens to one call instead of an ordinary answer. */
export type Fault =
  | { kind: 'status'; status: number; subcode?: number; headers?: Record<string, string> }
  /** The connection is cut before the call is carried out, or after that and before the answer. */
  | { kind: 'reset-before' }
  | { kind: 'reset-after' }
  /** Carried out, then these bytes come and the connection is cut. */
  | { kind: 'cut'; bytes: string }
  /** Carried out, but no answer ever comes. */
  | { kind: 'hang' }
  | { kind: 'text'; status: number; body: string; headers?: Record<string, string> };

export interface SeenCall {
  endpoint: string;
  method: string;
  path: string;
  headers: http.IncomingHttpHeaders;
  body: string;
  at: number;
}

export interface FaultServer {
  url: string;
  port: number;
  calls: SeenCall[];
  /** Faults for the next calls of an endpoint, in order. */
  faults: Map<string, Fault[]>;
  /** What an endpoint answers; the log endpoints are there already. */
  answers: Map<string, (body: unknown) => unknown>;
  /** Log events in order of arrival. */
  events: StoredLogEvent[];
  /** Tokens that are not taken any more. */
  revoked: Set<string>;
  connections: Set<Socket>;
  close(): Promise<void>;
}

export interface StoredLogEvent {
  task: string;
  worker: string;
  msg: string;
  timestamp: number;
}

export interface FaultServerOptions {
  port?: number;
  /** Seconds that a token lives. */
  tokenLife?: number;
  tls?: https.ServerOptions;
}

/** A small API server over real sockets that does to single calls what a test asks for. */
export async function startFaultServer(options: FaultServerOptions = {}): Promise<FaultServer> {
  const state: FaultServer = {
    url: '',
    port: 0,
    calls: [],
    faults: new Map(),
    answers: new Map(),
    events: [],
    revoked: new Set(),
    connections: new Set(),
    close: () => Promise.resolve(),
  };
  addLog(state);
  state.answers.set('auth.login', () => ({
    token: makeToken(options.tokenLife ?? 86_400 * 30, state.calls.length),
  }));
  const onRequest: http.RequestListener = (request, response) => receive(state, request, response);
  const server = options.tls ? https.createServer(options.tls, onRequest) : http.createServer(onRequest);
  server.keepAliveTimeout = 60_000;
  server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    state.connections.add(socket);
    socket.on('close', () => state.connections.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  state.port = (server.address() as AddressInfo).port;
  state.url = `${options.tls ? 'https' : 'http'}://127.0.0.1:${state.port}`;
  state.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return state;
}

function receive(state: FaultServer, request: http.IncomingMessage, response: http.ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const path = request.url ?? '';
    const endpoint = /([a-z_]+\.[a-z_]+)(\?|$)/.exec(path)?.[1] ?? '';
    const body = Buffer.concat(chunks).toString();
    const { method = '', headers } = request;
    state.calls.push({ endpoint, method, path, headers, body, at: performance.now() });
    answer(state, endpoint, body, { request, response });
  });
}

interface Exchange {
  request: http.IncomingMessage;
  response: http.ServerResponse;
}

function answer(state: FaultServer, endpoint: string, body: string, { request, response }: Exchange): void {
  const fault = state.faults.get(endpoint)?.shift();
  const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
  if (fault?.kind === 'reset-before') {
    request.socket.destroy();
  } else if (fault?.kind === 'status') {
    send(response, fault.status, { subcode: fault.subcode ?? 0, headers: fault.headers ?? {} });
  } else if (fault?.kind === 'text') {
    response.writeHead(fault.status, fault.headers).end(fault.body);
  } else if (state.revoked.has(token)) {
    send(response, 401, { subcode: 30 });
  } else {
    const data = carryOut(state, endpoint, body);
    if (fault?.kind === 'reset-after') request.socket.destroy();
    else if (fault?.kind === 'cut') request.socket.write(fault.bytes, () => request.socket.destroy());
    else if (fault === undefined) send(response, data === undefined ? 404 : 200, { data: data ?? {} });
  }
}

function carryOut(state: FaultServer, endpoint: string, body: string): unknown {
  const lines = body.split('\n').filter((line) => line !== '');
  const values: unknown[] = lines.map((line) => JSON.parse(line));
  return state.answers.get(endpoint)?.(endpoint === 'events.add_batch' ? values : values[0]);
}

interface Answer {
  subcode?: number;
  data?: unknown;
  headers?: Record<string, string>;
}

function send(
  response: http.ServerResponse,
  status: number,
  { subcode = 0, data = {}, headers = {} }: Answer,
): void {
  const meta = {
    result_code: status,
    result_subcode: subcode,
    result_msg: status === 200 ? 'OK' : 'refused by the test',
  };
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ meta, data }));
}

function addLog(state: FaultServer): void {
  state.answers.set('events.add_batch', (body) => {
    const events = body as StoredLogEvent[];
    state.events.push(...events);
    return { added: events.length, errors: 0 };
  });
  state.answers.set('events.get_task_log', (body) => {
    const { from_timestamp: before, batch_size: size } = body as {
      from_timestamp: number;
      batch_size: number;
    };
    const found = state.events.filter(({ timestamp }) => timestamp < before);
    return { events: found.toSorted((a, b) => b.timestamp - a.timestamp).slice(0, size) };
  });
}

function makeToken(life: number, serial: number): string {
  const issued = Math.floor(Date.now() / 1000);
  const claims = { iat: issued, exp: issued + life, api_version: '2.34', feature_set: 'basic', serial };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.x`;
}
