import { createHash } from 'node:crypto';
import type { ContainerState } from '../containers/container-state.js';
import type { Engine } from '../engine.js';

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
