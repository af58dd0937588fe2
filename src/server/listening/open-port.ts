import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { AgentError } from '../../errors.js';
import { listenProblem } from '../../os/listen-problem.js';
import { localUrl } from '../../os/local-url.js';

const LOOPBACK = '127.0.0.1';
/** For requests that run when the server ends: calls take milliseconds, uploads are made again. */
const CLOSE_GRACE_MS = 1000;

/**
 * Opens a port.
 *
 * @returns the address by which this machine reaches it
 * @throws AgentError SERVER_LISTEN
 */
export async function openPort(
  app: FastifyInstance,
  { scheme, host = LOOPBACK, port }: { scheme: 'http' | 'https'; host: string | undefined; port: number },
): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw new AgentError('SERVER_LISTEN', `cannot listen on ${host}:${port}: ${listenProblem(error)}`, {
      hint: 'Choose another --port or --host. The page uses the port plus 72 and the file server the port plus 73.',
      cause: error,
    });
  }
  const { port: chosen } = app.server.address() as AddressInfo;
  return localUrl(scheme, host, chosen);
}

/** Ends a listener, also when clients hold connections on which a request never becomes whole. */
export async function closePort(app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
  }
}
