import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { AgentError, causeLine } from '../../../errors.js';
import { ProcessStream } from '../../../os/process-stream.js';
import { loadClientLibrary } from './client-library.js';
import type { EngineAddress, EngineTarget, EngineTls } from './engine-address.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Seconds until an ssh connection that is not answered counts as failed. */
const SSH_CONNECT_SECONDS = 20;

/**
 * The client library set up for an engine. Nothing is sent.
 *
 * @param env for the ssh program
 * @throws AgentError CONFIG_VALUE
 */
export async function engineClient({ target, apiVersion, text }: EngineAddress, env: Env): Promise<Docker> {
  const Client = loadClientLibrary();
  // The library reads DOCKER_HOST and similar variables, too; naming every option keeps them from mixing in.
  const none = { socketPath: undefined, host: undefined, port: undefined, ca: undefined, cert: undefined };
  const options: Record<string, unknown> = {
    ...none,
    key: undefined,
    timeout: undefined,
    pathPrefix: '/',
    protocol: 'http',
    version: apiVersion === undefined ? undefined : `v${apiVersion}`,
    ...connectionOptions(target, env),
  };
  try {
    return new Client(options);
  } catch (error) {
    throw new AgentError('CONFIG_VALUE', `the engine at ${text} cannot be used: ${causeLine(error)}`, {
      cause: error,
    });
  }
}

declare module 'http' {
  interface Agent {
    /** Every agent of Node has it; only its types lack it. */
    addRequest(request: http.ClientRequest, options: object): void;
  }
}

/**
 * No engine redirects a call that makes sense, and the library would follow to anywhere, with a GET. Without its
 * address a redirect is an answer like any other.
 */
function withoutRedirects<A extends http.Agent>(agent: A): A {
  const add = agent.addRequest.bind(agent);
  agent.addRequest = (request, options) => {
    request.prependListener('response', ({ headers }) => {
      delete headers.location;
    });
    add(request, options);
  };
  return agent;
}

function connectionOptions(target: EngineTarget, env: Env): Record<string, unknown> {
  switch (target.kind) {
    case 'socket':
      // A connection costs nothing here, and one that is kept may be of an engine that has ended since.
      return { socketPath: target.path, agent: withoutRedirects(new http.Agent({ keepAlive: false })) };
    case 'tcp': {
      const protocol = target.tls === undefined ? 'http' : 'https';
      // With its scheme, so that the library takes addresses in brackets.
      return {
        host: `${protocol}://${target.host}`,
        port: target.port,
        protocol,
        agent: withoutRedirects(target.tls === undefined ? new http.Agent(KEPT) : tlsAgent(target.tls)),
      };
    }
    case 'ssh':
      return { host: 'http://docker', agent: withoutRedirects(new SshAgent(sshCommand(target), env)) };
  }
}

/** Connections are used again, and one whose other end is gone is noticed. */
const KEPT = { keepAlive: true };

function tlsAgent({ verify, ...texts }: EngineTls): https.Agent {
  return new https.Agent({ ...KEPT, ...texts, rejectUnauthorized: verify });
}

/** What the docker command runs: `docker system dial-stdio` joins its input and output to the engine's socket. */
export function sshCommand(target: Extract<EngineTarget, { kind: 'ssh' }>): [string, ...string[]] {
  const { host, user, port, socket } = target;
  return [
    'ssh',
    ...['-T', '-o', 'BatchMode=yes', '-o', `ConnectTimeout=${SSH_CONNECT_SECONDS}`],
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...['--', host, 'docker'],
    ...(socket === undefined ? [] : ['--host', `unix://${socket}`]),
    ...['system', 'dial-stdio'],
  ];
}

/** Each connection is an ssh of its own, with the user's own settings, keys and known hosts. */
class SshAgent extends http.Agent {
  readonly #argv: readonly [string, ...string[]];
  readonly #env: Env;

  constructor(argv: readonly [string, ...string[]], env: Env) {
    super({ ...KEPT, maxFreeSockets: 2 });
    this.#argv = argv;
    this.#env = env;
  }

  override createConnection(): Duplex {
    return new ProcessStream(this.#argv, this.#env);
  }
}
