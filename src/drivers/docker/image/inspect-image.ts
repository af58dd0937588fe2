import { createHash } from 'node:crypto';
import type Docker from 'dockerode';
import { recordOf } from '../connect/docker-config.js';
import type { ContainerState, Platform } from '../containers/container-state.js';
import type { Engine } from '../engine.js';

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

/**
 * What an image has in it, for the environments made on top: its layers and its variables. An engine's id is no such
 * thing: the same content has another one in each kind of store, and in each index of images for many platforms.
 *
 * @returns 64 hexadecimal digits; the engine's id where the image is gone
 */
export async function imageKey(
  engine: Engine,
  { image, platform }: Pick<ContainerState, 'image' | 'platform'>,
): Promise<string> {
  const found = await engine.inspectImage(image, platform);
  if (found === undefined || found.layers.length === 0) return image;
  const { layers, variables, os, architecture } = found;
  const text = JSON.stringify([layers, [...variables].sort(), os, architecture]);
  return createHash('sha256').update(text).digest('hex');
}
