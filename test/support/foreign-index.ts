import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';

export interface ForeignIndex {
  /** `127.0.0.2:8080` */
  host: string;
  url: string;
  /** What came as Authorization, in order; `''` for requests without it. */
  logins: string[];
}

/** An index without packages that asks for a login, takes any, and notes it. 127.0.0.2 is another host than 127.0.0.1. */
export async function foreignIndex(t: ExecutionContext, address = '127.0.0.2'): Promise<ForeignIndex> {
  const logins: string[] = [];
  const server = createServer(({ headers }, response) => {
    logins.push(headers.authorization ?? '');
    if (headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="foreign"' }).end();
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  t.teardown(() => server.close());
  const host = `${address}:${(server.address() as AddressInfo).port}`;
  return { host, url: `http://${host}/simple/`, logins };
}

/** Sends every request on to another index. */
export async function redirectingIndex(t: ExecutionContext, target: string): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    response.writeHead(302, { location: new URL(url.replace(/^\/simple\//, ''), target).href }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}/simple/`;
}
