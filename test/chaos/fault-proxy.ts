import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NetworkFault } from './scenario.js';

export interface FaultProxy {
  url: string;
  /** What happens to every second request from now on; `undefined`: nothing. */
  fault: NetworkFault | undefined;
  close(): void;
}

interface Exchange {
  request: http.IncomingMessage;
  response: http.ServerResponse;
  body: Buffer;
  /** Calls since a token was handed out. */
  sinceLogin: number;
}

const DRIP_BYTES = 20;
const DRIP_MS = 50;

/** Stands before a server and spoils requests. A request that it passes on is passed on once. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const agent = new http.Agent({ keepAlive: true });
  let turn = 0;
  let sinceLogin = 0;
  const forward = (
    { request, response, body }: Exchange,
    deliver: (answer: http.IncomingMessage) => void,
  ): void => {
    const { method, url: path, headers } = request;
    const onward = http.request({ hostname, port, method, path, headers, agent }, deliver);
    onward.on('error', () => response.destroy());
    onward.end(body);
  };
  const proxy: FaultProxy = { url: '', fault: undefined, close: () => undefined };
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      turn += 1;
      sinceLogin = isLogin(request) ? 0 : sinceLogin + 1;
      const exchange = { request, response, body: Buffer.concat(chunks), sinceLogin };
      const spoil = proxy.fault === undefined || turn % 2 === 0 ? undefined : SPOILERS[proxy.fault];
      if (spoil === undefined) forward(exchange, (answer) => pipe(answer, response));
      else spoil(exchange, forward);
    });
  });
  server.keepAliveTimeout = 75_000;
  server.on('connection', (socket) => {
    if (proxy.fault === 'refuse') socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  proxy.close = () => {
    server.closeAllConnections();
    server.close();
    agent.destroy();
  };
  return proxy;
}

type Forward = (exchange: Exchange, deliver: (answer: http.IncomingMessage) => void) => void;

const status =
  (code: number, headers: Record<string, string> = {}, subcode = 0) =>
  ({ response }: Exchange): void => {
    const meta = { result_code: code, result_subcode: subcode, result_msg: 'a fault of the test' };
    response
      .writeHead(code, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify({ meta, data: {} }));
  };

/** A token lasts for some calls: the one that is repeated with a new token, and those that others make meanwhile. */
const CALLS_OF_TOKEN = 8;

function expireToken(exchange: Exchange, forward: Forward): void {
  if (isLogin(exchange.request) || exchange.sinceLogin < CALLS_OF_TOKEN)
    forward(exchange, (answer) => pipe(answer, exchange.response));
  else status(401, {}, EXPIRED)(exchange);
}

function isLogin({ url }: http.IncomingMessage): boolean {
  return url?.includes('auth.login') === true;
}

/** Subcode of the server for a token that was good. */
const EXPIRED = 30;

const SPOILERS: Readonly<Record<NetworkFault, (exchange: Exchange, forward: Forward) => void>> = {
  refuse: ({ request }) => request.socket.destroy(),
  'reset-before': ({ request }) => request.socket.destroy(),
  'reset-after': (exchange, forward) =>
    forward(exchange, (answer) => answer.resume().on('end', () => exchange.request.socket.destroy())),
  // The client gives up by its own time limit, or when the fault is over and the socket is cut.
  hang: ({ request }) => void setTimeout(() => request.socket.destroy(), 4000).unref(),
  drip: (exchange, forward) => forward(exchange, (answer) => void drip(answer, exchange.response)),
  'half-answer': (exchange, forward) =>
    forward(exchange, async (answer) => {
      const whole = Buffer.concat(await answer.toArray());
      exchange.response.writeHead(answer.statusCode ?? 502, {
        ...answer.headers,
        'content-length': whole.length,
      });
      exchange.response.write(whole.subarray(0, whole.length / 2), () => exchange.request.socket.destroy());
    }),
  'status-429': status(429, { 'retry-after': '1' }),
  'status-500': status(500),
  'status-503': status(503),
  'expired-token': expireToken,
};

function pipe(answer: http.IncomingMessage, response: http.ServerResponse): void {
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  answer.pipe(response);
  answer.on('error', () => response.destroy());
}

async function drip(answer: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const whole = Buffer.concat(await answer.toArray());
  response.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'content-length': whole.length });
  // At most some seconds for a long answer.
  const size = Math.max(DRIP_BYTES, Math.ceil(whole.length / 40));
  for (let at = 0; at < whole.length && !response.destroyed; at += size) {
    response.write(whole.subarray(at, at + size));
    await new Promise((resolve) => setTimeout(resolve, DRIP_MS));
  }
  response.end();
}
