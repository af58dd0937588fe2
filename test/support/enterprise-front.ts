import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';

/** What an enterprise server adds to an open-source one, laid over the embedded server. */
export interface EnterpriseFront {
  url: string;
  /** Calls in order, with the user that they came from. */
  calls: { endpoint: string; user: string }[];
  /** Whom all tasks belong to. */
  owner: { user: string; company: string } | undefined;
  /** Users' vaults, HOCON. */
  vaults: Map<string, string>;
  /** What workers have set with `workers.set_runtime_properties`. */
  properties: Map<string, unknown>;
  /** The user of a token that this server has given. */
  userOf(token: string): string | undefined;
}

interface Session {
  real: string;
  user: string;
  tenant: string;
}

interface Answer {
  meta: { result_code: number };
  data: Record<string, unknown>;
}

const AGENT = 'agent';
/** Where everybody is at home; other companies are entered by a second login. */
const HOME_TENANT = 'home';

export async function enterpriseFront(t: ExecutionContext, target: string): Promise<EnterpriseFront> {
  const sessions = new Map<string, Session>();
  const front: EnterpriseFront = {
    url: '',
    calls: [],
    owner: undefined,
    vaults: new Map(),
    properties: new Map(),
    userOf: (token) => sessions.get(token)?.user,
  };
  const server = http.createServer((request, response) => {
    respond(front, sessions, { request, target }).then(
      ({ status, text }) => response.writeHead(status, { 'content-type': 'application/json' }).end(text),
      // The server behind is gone, at the end of a test before the daemon is.
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  front.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return front;
}

async function respond(
  front: EnterpriseFront,
  sessions: Map<string, Session>,
  { request, target }: { request: http.IncomingMessage; target: string },
): Promise<{ status: number; text: string }> {
  const body = await textOf(request);
  const endpoint = (request.url ?? '').replace(/\?.*$/, '').split('/').at(-1) ?? '';
  const authorization = request.headers.authorization ?? '';
  const session = sessions.get(authorization.replace(/^Bearer /, ''));
  const user = session?.user ?? AGENT;
  front.calls.push({ endpoint, user });
  const own = ownAnswer(front, { endpoint, user, body });
  if (own) return { status: 200, text: JSON.stringify({ meta: { result_code: 200 }, data: own }) };
  const answer = await fetch(`${target}${request.url}`, {
    method: 'POST',
    headers: {
      authorization: session ? `Bearer ${session.real}` : authorization,
      'content-type': request.headers['content-type'] ?? 'application/json',
    },
    ...(body === '' ? {} : { body }),
  });
  const text = await answer.text();
  if (answer.status !== 200) return { status: answer.status, text };
  return {
    status: 200,
    text: changed(front, { endpoint, text, headers: request.headers, session, sessions }),
  };
}

async function textOf(request: http.IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

/** Endpoints that the open-source server does not have. */
function ownAnswer(
  front: EnterpriseFront,
  { endpoint, user, body }: { endpoint: string; user: string; body: string },
): Record<string, unknown> | undefined {
  if (endpoint === 'users.get_vaults') {
    const wanted: { types?: string[] } = JSON.parse(body);
    const data = wanted.types?.includes('config') ? front.vaults.get(user) : undefined;
    return { vaults: data === undefined ? [] : [{ id: user, data }] };
  }
  if (endpoint === 'workers.set_runtime_properties') {
    const { worker, runtime_properties } = JSON.parse(body);
    front.properties.set(worker, runtime_properties);
    return {};
  }
  return endpoint === 'workers.get_runtime_properties' ? { runtime_properties: [] } : undefined;
}

interface Passing {
  endpoint: string;
  text: string;
  headers: http.IncomingHttpHeaders;
  session: Session | undefined;
  sessions: Map<string, Session>;
}

/** Tokens say more than the embedded server's, and tasks have the owner that the test gives them. */
function changed(front: EnterpriseFront, { endpoint, text, headers, session, sessions }: Passing): string {
  if (endpoint !== 'auth.login' && endpoint !== 'queues.get_next_task') return text;
  const answer: Answer = JSON.parse(text);
  if (endpoint === 'queues.get_next_task') {
    if (answer.data.task_info) answer.data.task_info = front.owner ?? {};
    return JSON.stringify(answer);
  }
  const user = headers['x-clearml-impersonate-as'] ?? session?.user ?? AGENT;
  const tenant = headers['x-clearml-tenant'] ?? HOME_TENANT;
  const given = { real: String(answer.data.token), user: String(user), tenant: String(tenant) };
  const token = enterpriseToken(given);
  sessions.set(token, given);
  return JSON.stringify({ ...answer, data: { token } });
}

function enterpriseToken({ real, user, tenant }: Session): string {
  const [head, payload = '', signature] = real.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  const identity = { ...claims.identity, user, role: user === AGENT ? 'admin' : 'user' };
  const more = { ...claims, identity, feature_set: 'advanced', tenant };
  return `${head}.${Buffer.from(JSON.stringify(more)).toString('base64url')}.${signature}`;
}
