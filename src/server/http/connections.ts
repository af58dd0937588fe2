import type { FastifyReply, FastifyRequest } from 'fastify';

/** What the Python SDK and the original agent call themselves. */
const PYTHON_CLIENT = /^python-requests\b/i;

/**
 * Closes the connection after the answer if the client is written in Python. Its connections are inherited by the
 * processes that a script forks; two processes that write into one connection mix their requests.
 */
export async function closesAfterAnswer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (PYTHON_CLIENT.test(request.headers['user-agent'] ?? '')) reply.header('connection', 'close');
}
