import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { AgentError, causeLine, systemCode } from '../../errors.js';
import { localUrl } from '../../os/local-url.js';

const LOOPBACK = '127.0.0.1';
/** For requests that run when the server ends: calls take milliseconds, uploads are made again. */
const CLOSE_GRACE_MS = 1000;

const FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses the port',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EACCES: 'this user may not use the port',
  ENOTFOUND: 'no host has that name',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ERR_SOCKET_BAD_PORT: 'a port is at most 65535',
};

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
    const code = systemCode(error);
    const why = FAILURES[code ?? ''] ?? code ?? causeLine(error);
    throw new AgentError('SERVER_LISTEN', `cannot listen on ${host}:${port}: ${why}`, {
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
