import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SmallApiServer {
  url: string;
  /** Endpoints that were called, without their versions. */
  calls: string[];
  close(): Promise<void>;
}

export interface SmallApiOptions {
  accessKey: string;
  secretKey: string;
  /** `data` of endpoints beside the login. */
  answers?: Readonly<Record<string, unknown>>;
  /** What the server says when it refuses a login or does not know an endpoint. */
  refusal?: string;
  /** In the token. */
  userName?: string;
  /** Seconds by which the server's clock is ahead. */
  clockAhead?: number;
}

/** A server that lets one user in and gives fixed answers, for commands that only look. */
export async function startSmallApiServer(options: SmallApiOptions): Promise<SmallApiServer> {
  const calls: string[] = [];
  const login = `Basic ${Buffer.from(`${options.accessKey}:${options.secretKey}`).toString('base64')}`;
  const server = http.createServer((request, response) => {
    const endpoint = /([a-z_]+\.[a-z_]+)(\?|$)/.exec(request.url ?? '')?.[1] ?? '';
    calls.push(endpoint);
    const refused = endpoint === 'auth.login' && request.headers.authorization !== login;
    const known = { 'auth.login': { token: token(options.userName) }, ...options.answers };
    const data = known[endpoint as keyof typeof known];
    const code = refused ? 401 : data === undefined ? 404 : 200;
    response.writeHead(code, {
      'content-type': 'application/json',
      date: new Date(Date.now() + 1000 * (options.clockAhead ?? 0)).toUTCString(),
    });
    const meta = {
      result_code: code,
      result_subcode: 0,
      result_msg:
        code !== 200 && options.refusal !== undefined
          ? options.refusal
          : refused
            ? 'Unauthorized (invalid credentials)'
            : 'OK',
    };
    response.end(JSON.stringify({ meta, data: code === 200 ? data : {} }));
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function token(userName = 'Someone'): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iat: now,
    exp: now + 86_400,
    api_version: '2.34',
    server_version: '2.2.0',
    feature_set: 'basic',
    identity: { user: 'u1', user_name: userName },
  };
  return ['{"alg":"none"}', JSON.stringify(claims), '']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
}
