import type Docker from 'dockerode';
import { recordOf } from '../connect/docker-config.js';
import type { Platform } from '../containers/container-state.js';

/** What is read of an image. */
export interface ImageFacts extends Partial<Platform> {
  /** Digests of the content of its layers. */
  layers: readonly string[];
  /** `NAME=value` */
  variables: readonly string[];
}

/**
 * Asks the engine about an image. The client library's own call drops the query.
 *
 * @param platform of an image that the engine may have for several (API 1.49)
 * @throws the client library's error, 404 for an image that is not there for this platform
 */
export async function inspectImage(
  docker: Docker,
  image: string,
  platform: Partial<Platform> | undefined,
): Promise<ImageFacts> {
  const found = await new Promise<unknown>((resolve, reject) => {
    docker.modem.dial(
      {
        path: `/images/${image}/json?`,
        method: 'GET',
        options: platform === undefined ? {} : { platform: JSON.stringify(platform) },
        statusCodes: { 200: true, 400: 'bad parameter', 404: 'no such image', 500: 'server error' },
      },
      (error, answer) => (error ? reject(error) : resolve(answer)),
    );
  });
  const { Os, Architecture, Variant, RootFS, Config } = recordOf(found);
  return {
    ...named('os', Os),
    ...named('architecture', Architecture),
    ...named('variant', Variant),
    layers: texts(recordOf(RootFS).Layers),
    variables: texts(recordOf(Config).Env),
  };
}

function named(name: keyof Platform, value: unknown): Partial<Platform> {
  return typeof value === 'string' && value !== '' ? { [name]: value } : {};
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
