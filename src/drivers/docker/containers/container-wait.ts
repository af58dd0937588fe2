import { Readable } from 'node:stream';
import type Docker from 'dockerode';

/**
 * Settles when a container has ended. The client library's own call never settles when the engine is killed
 * meanwhile, so its answer is read as a stream, which breaks then.
 */
export async function waitForEnd(docker: Docker, id: string, signal: AbortSignal): Promise<void> {
  const answer = await new Promise<Readable>((resolve, reject) => {
    docker.modem.dial(
      {
        path: `/containers/${id}/wait?`,
        method: 'POST',
        isStream: true,
        abortSignal: signal,
        options: {},
        statusCodes: { 200: true, 400: 'bad parameter', 404: 'no such container', 500: 'server error' },
      },
      (error, stream) => (stream instanceof Readable ? resolve(stream) : reject(error)),
    );
  });
  for await (const _ of answer);
}
