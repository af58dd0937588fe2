import { AgentError } from '../../../errors.js';
import type { Engine } from '../engine.js';
import { engineText } from '../engine-errors.js';
import { pullError } from './pull-errors.js';
import type { RegistryLogin } from './registry-credentials.js';

export interface PullOptions {
  login?: RegistryLogin;
  /** `os/architecture`. */
  platform?: string;
  signal: AbortSignal;
}

/**
 * Pulls an image.
 *
 * @returns the engine's messages, a JSON text each; that it failed may be one of them
 * @throws AgentError DOCKER_IMAGE, DOCKER_ENGINE, DISK_FULL; the signal's reason when it aborts
 */
export async function* pullImage(
  engine: Engine,
  image: string,
  { login, platform, signal }: PullOptions,
): AsyncGenerator<string> {
  try {
    const stream = await engine.ask(`pulling ${image}`, (docker) =>
      docker.createImage(login ?? {}, {
        ...imageParts(image),
        ...(platform === undefined ? {} : { platform }),
        abortSignal: signal,
      }),
    );
    yield* linesOf(stream);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AgentError && error.code === 'DOCKER_ENGINE') throw error;
    throw pullError(image, engineText(error instanceof AgentError ? error.cause : error), error);
  }
}

/** Without a tag the engine would pull every tag there is. */
export function imageParts(image: string): { fromImage: string; tag: string } {
  const [, name = image, digest] = /^([^@]+)@(.+)$/.exec(image) ?? [];
  if (digest !== undefined) return { fromImage: name, tag: digest };
  const [, repository, tag] = /^(.+):([^:/]*)$/.exec(image) ?? [];
  return { fromImage: repository ?? image, tag: tag || 'latest' };
}

async function* linesOf(stream: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) continue;
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
