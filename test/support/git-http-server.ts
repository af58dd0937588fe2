import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { GIT_ENVIRONMENT } from './git-repository.js';

export interface GitHttpServer {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  url: string;
  /** Method and path of every request that was let in, in order. */
  requests: string[];
  /** Paths of requests that were refused for lack of credentials, or with wrong ones. */
  refused: string[];
  /** Drops the connection of so many requests to come. */
  drop(count: number): void;
  /** Objects of git LFS by their SHA-256. */
  lfs: Map<string, Buffer>;
  /** Stores a file of git LFS and gives the text of its pointer. */
  addLfs(content: Buffer): string;
  close(): Promise<void>;
}

/** Serves the repositories in a folder by git's own CGI program, and git LFS beside it. Users and their passwords. */
export async function startGitHttpServer(
  root: string,
  users?: Readonly<Record<string, string>>,
): Promise<GitHttpServer> {
  const requests: string[] = [];
  const refused: string[] = [];
  const lfs = new Map<string, Buffer>();
  let dropping = 0;
  const server = http.createServer((request, response) => {
    const target = request.url ?? '/';
    if (dropping > 0) {
      dropping -= 1;
      request.socket.destroy();
      return;
    }
    if (!isLetIn(request.headers.authorization, users)) {
      refused.push(target);
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    requests.push(`${request.method} ${target}`);
    if (target.includes('/info/lfs/')) serveLfs(request, response, lfs);
    else serveGit(request, response, root);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    refused,
    drop: (count) => {
      dropping = count;
    },
    lfs,
    addLfs: (content) => {
      const oid = createHash('sha256').update(content).digest('hex');
      lfs.set(oid, content);
      return `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function isLetIn(header: string | undefined, users: Readonly<Record<string, string>> | undefined): boolean {
  if (users === undefined) return true;
  const [user = '', password = ''] = Buffer.from((header ?? '').replace(/^Basic /, ''), 'base64')
    .toString()
    .split(/:(.*)/s);
  return users[user] === password;
}

function serveGit(request: http.IncomingMessage, response: http.ServerResponse, root: string): void {
  const [pathname = '/', query = ''] = (request.url ?? '/').split('?');
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...GIT_ENVIRONMENT,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: query,
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  backend.stdin.on('error', () => undefined);
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.on('close', () => answerOf(Buffer.concat(chunks), response));
}

function answerOf(output: Buffer, response: http.ServerResponse): void {
  const end = output.indexOf('\r\n\r\n');
  const headers = output
    .subarray(0, end)
    .toString()
    .split('\r\n')
    .map((line) => line.split(/: (.*)/s));
  const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
  response.statusCode = Number.parseInt(status, 10);
  for (const [name = '', value = ''] of headers) if (name !== 'Status') response.setHeader(name, value);
  response.end(output.subarray(end + 4));
}

/** The part of the LFS server protocol that a download needs. */
function serveLfs(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  objects: ReadonlyMap<string, Buffer>,
): void {
  if (request.method === 'GET') {
    const content = objects.get(request.url?.split('/').at(-1) ?? '');
    response.writeHead(content === undefined ? 404 : 200).end(content);
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const asked: { objects?: { oid: string; size: number }[] } = JSON.parse(
      Buffer.concat(chunks).toString() || '{}',
    );
    const base = `http://${request.headers.host}${request.url?.replace(/\/info\/lfs\/.*/, '/info/lfs/objects')}`;
    const listed = (asked.objects ?? []).map(({ oid, size }) =>
      objects.has(oid)
        ? {
            oid,
            size,
            authenticated: true,
            actions: { download: { href: `${base}/${oid}`, header: authorization(request) } },
          }
        : { oid, size, error: { code: 404, message: 'Object does not exist' } },
    );
    response.writeHead(200, { 'content-type': 'application/vnd.git-lfs+json' });
    response.end(JSON.stringify({ transfer: 'basic', objects: listed }));
  });
}

function authorization(request: http.IncomingMessage): Record<string, string> {
  const { authorization } = request.headers;
  return authorization === undefined ? {} : { Authorization: authorization };
}
