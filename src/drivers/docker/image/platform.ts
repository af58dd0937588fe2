import { ownMember } from '../../../os/own-member.js';
import type { Platform } from '../containers/container-state.js';

/** Other names of processors, as github.com/containerd/platforms has them. */
const ALIASES: Readonly<Record<string, string>> = {
  aarch64: 'arm64',
  x86_64: 'amd64',
  'x86-64': 'amd64',
  i386: '386',
  armhf: 'arm',
  armel: 'arm',
};
const SYSTEMS = new Set(['linux', 'windows', 'darwin', 'freebsd']);

/**
 * What `--platform` asks for: `linux/arm64`, `linux/arm/v7`, `arm64`, `linux`.
 *
 * @param text as the option checks it
 */
export function parsePlatform(text: string): Partial<Platform> {
  const [first = '', ...rest] = text.toLowerCase().split('/');
  const [os, processor, variant] =
    SYSTEMS.has(first) || rest.length > 0 ? [first, ...rest] : ['linux', first];
  return {
    ...(os === undefined ? {} : { os }),
    ...(processor === undefined ? {} : { architecture: ownMember(ALIASES, processor) ?? processor }),
    ...(variant === undefined ? {} : { variant }),
  };
}

/** Whether an image is one for this platform; an image that does not tell its variant may be. */
export function fitsPlatform(image: Partial<Platform>, wanted: Partial<Platform>): boolean {
  return (['os', 'architecture', 'variant'] as const).every(
    (name) => wanted[name] === undefined || (image[name] || wanted[name]) === wanted[name],
  );
}
