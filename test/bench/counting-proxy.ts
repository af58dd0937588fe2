import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CountingProxy {
  url: string;
  /** Requests so far. */
  count(): number;
  /** Cuts all connections and refuses new ones, or lets them through again. */
  cut(away: boolean): void;
  close(): void;
}

/** What a server answers to a call that it does not have. */
const UNKNOWN = JSON.stringify({
  meta: { result_code: 404, result_subcode: 0, result_msg: 'Unable to find endpoint' },
  data: {},
});

/**
 * Stands before a server and counts what an agent asks it.
 *
 * @param without a call that the server does not seem to have
 */
export async function countingProxy(target: string, without?: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target);
  const agent = new http.Agent({ keepAlive: true });
  const seen = { requests: 0, away: false };
  const server = http.createServer((request, response) => {
    seen.requests += 1;
    const { method, url: path, headers } = request;
    if (without !== undefined && path?.includes(without)) {
      request.resume();
      response.writeHead(404, { 'content-type': 'application/json' }).end(UNKNOWN);
      return;
    }
    const onward = http.request({ hostname, port, method, path, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.keepAliveTimeout = 75_000;
  server.on('connection', (socket) => {
    if (seen.away) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    count: () => seen.requests,
    cut: (away) => {
      seen.away = away;
      if (away) server.closeAllConnections();
    },
    close: () => {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
}
