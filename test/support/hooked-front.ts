import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';

export interface PassingCall {
  endpoint: string;
  body: string;
}

export interface FrontHooks {
  /** The call waits here before the server sees it. */
  before?(call: PassingCall): Promise<void> | void;
  /** The server's error that the caller gets; the server does not see the call. */
  refuse?(call: PassingCall): { status: number; subcode: number } | undefined;
  /** The answer waits here before the caller sees it. */
  after?(call: PassingCall & { answer: string }): Promise<void> | void;
}

/** Stands before a server and lets a test act between two calls. Answers the address. */
export async function hookedFront(t: ExecutionContext, target: string, hooks: FrontHooks): Promise<string> {
  const server = http.createServer((request, response) => {
    void pass(target, hooks, { request, response }).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Exchange {
  request: http.IncomingMessage;
  response: http.ServerResponse;
}

async function pass(target: string, hooks: FrontHooks, { request, response }: Exchange): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces).toString('utf8');
  const endpoint = (request.url ?? '').replace(/\?.*$/, '').split('/').at(-1) ?? '';
  await hooks.before?.({ endpoint, body });
  const refused = hooks.refuse?.({ endpoint, body });
  if (refused !== undefined) {
    const { status, subcode } = refused;
    const meta = { result_code: status, result_subcode: subcode, result_msg: 'refused by the test' };
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ meta, data: {} }));
    return;
  }
  const { authorization = '' } = request.headers;
  const type = request.headers['content-type'] ?? 'application/json';
  const answer = await fetch(`${target}${request.url}`, {
    method: 'POST',
    headers: { authorization, 'content-type': type },
    ...(body === '' ? {} : { body }),
  });
  const text = await answer.text();
  await hooks.after?.({ endpoint, body, answer: text });
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
}
