import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import { zipOf } from './zip-file.js';

/** A package of the index: its name and version, what it needs, and one module with a value. */
export interface IndexPackage {
  name: string;
  version: string;
  requires?: string[];
  value?: string;
}

export interface PackageIndex {
  /** Address of the index without a login. */
  url: string;
  /** The same with the login in it. */
  urlWithLogin: string;
  /** Paths that were asked for with the right login. */
  requests: string[];
  /** How many requests came without the right login. */
  refused: () => number;
}

export const INDEX_LOGIN = { user: 'reader', password: 's3cret-pass' } as const;

/**
 * A package index on the loopback interface, with basic authentication where `login` is set, below a folder where
 * `folder` names one.
 */
export async function packageIndex(
  t: ExecutionContext,
  packages: IndexPackage[],
  { login, folder = '' }: { login: boolean; folder?: string },
): Promise<PackageIndex> {
  const files = new Map(packages.map((one) => [fileName(one), wheel(one)]));
  const requests: string[] = [];
  let refused = 0;
  const server = createServer((request, response) => {
    if (login && !isAuthorized(request)) {
      refused += 1;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="packages"' }).end();
      return;
    }
    requests.push(request.url ?? '');
    if (!request.url?.startsWith(folder)) response.writeHead(404).end();
    else answer(request.url.slice(folder.length), response, { packages, files, folder });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { user, password } = INDEX_LOGIN;
  return {
    url: `http://127.0.0.1:${port}${folder}/simple/`,
    urlWithLogin: `http://${user}:${password}@127.0.0.1:${port}${folder}/simple/`,
    requests,
    refused: () => refused,
  };
}

function isAuthorized(request: IncomingMessage): boolean {
  const { user, password } = INDEX_LOGIN;
  return request.headers.authorization === `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function answer(
  url: string,
  response: ServerResponse,
  index: { packages: IndexPackage[]; files: ReadonlyMap<string, Buffer>; folder: string },
): void {
  const { packages, files, folder } = index;
  const [, kind, name = ''] = url.split('/');
  const file = files.get(decodeURIComponent(name));
  if (kind === 'files' && file !== undefined) {
    response
      .writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': file.length })
      .end(file);
    return;
  }
  const found = packages.filter((one) => kind === 'simple' && one.name === name);
  if (found.length === 0 && (kind !== 'simple' || name !== '')) {
    response.writeHead(404).end();
    return;
  }
  const links = found.map((one) => {
    const digest = createHash('sha256')
      .update(files.get(fileName(one)) ?? '')
      .digest('hex');
    return `<a href="${folder}/files/${encodeURIComponent(fileName(one))}#sha256=${digest}">${fileName(one)}</a>`;
  });
  response
    .writeHead(200, { 'content-type': 'text/html' })
    .end(`<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`);
}

export function fileName({ name, version }: IndexPackage): string {
  return `${name.replaceAll('-', '_')}-${version}-py3-none-any.whl`;
}

export function wheel(one: IndexPackage): Buffer {
  const module = one.name.replaceAll('-', '_');
  const info = `${module}-${one.version}.dist-info`;
  const requires = (one.requires ?? []).map((line) => `Requires-Dist: ${line}\n`).join('');
  return zipOf({
    [`${module}.py`]: `VALUE = ${JSON.stringify(one.value ?? one.version)}\n`,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${one.name}\nVersion: ${one.version}\n${requires}`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/entry_points.txt`]: `[console_scripts]\n${one.name}-tool = ${module}:VALUE.strip\n`,
    [`${info}/RECORD`]: '',
  });
}
