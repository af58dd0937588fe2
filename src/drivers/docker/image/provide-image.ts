import { checkImageName } from '../../../container/policy/image-name.js';
import type { PullPolicy } from '../../../container/run-options/request-draft.js';
import { AgentError, causeLine } from '../../../errors.js';
import type { Reporter } from '../../../logs/reporter.js';
import { readDockerConfig } from '../connect/docker-config.js';
import type { Engine } from '../engine.js';
import { pullError } from './pull-errors.js';
import { pullImage } from './pull-image.js';
import { PullProgress } from './pull-progress.js';
import { type RegistryLogin, registryLogin } from './registry-credentials.js';

export interface ImageRequest {
  image: string;
  /** `os/architecture`, where another than the machine's is wanted. */
  platform: string | undefined;
  policy: PullPolicy;
  /** For credential helpers and Docker's configuration. */
  env: Readonly<Record<string, string | undefined>>;
  reporter: Reporter;
  signal: AbortSignal;
}

/** Time between two updates of the progress line. */
const UPDATE_MS = 500;

/**
 * Sees to it that the engine has an image, by the pull policy. A pull shows in the log as one line that is
 * written over and over.
 *
 * @throws AgentError DOCKER_IMAGE, DOCKER_ENGINE, DISK_FULL; the signal's reason when it aborts
 */
export async function provideImage(engine: Engine, request: ImageRequest): Promise<void> {
  const { image, platform, policy, reporter } = request;
  checkImageName(image);
  if (policy !== 'always' && (await engine.hasImage(image, platform))) return;
  if (policy === 'never') {
    throw new AgentError(
      'DOCKER_IMAGE',
      `image ${image}${platform ? ` for ${platform}` : ''} is not on this machine and is not to be pulled`,
      {
        hint: 'Pull it by hand, or leave out --pull never.',
      },
    );
  }
  const login = await loginFor(request);
  reporter.line(`pulling image ${image}`, 'INFO');
  const start = Date.now();
  const progress = new PullProgress();
  let shown = 0;
  const options = {
    signal: request.signal,
    ...(login === undefined ? {} : { login }),
    ...(request.platform === undefined ? {} : { platform: request.platform }),
  };
  for await (const message of pullImage(engine, image, options)) {
    progress.feed(message);
    if (Date.now() - shown < UPDATE_MS || progress.text === '') continue;
    shown = Date.now();
    reporter.output(`pulling image ${image}: ${progress.text}\r`);
  }
  if (progress.error !== undefined) throw pullError(image, progress.error);
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  progress.complete();
  reporter.output(`pulled image ${image} in ${seconds} s${progress.text && `: ${progress.text}`}\n`);
}

/** Without a login the registry may still give the image, so a failing helper is only a warning. */
async function loginFor({ image, env, reporter, signal }: ImageRequest): Promise<RegistryLogin | undefined> {
  try {
    const config = readDockerConfig(env);
    if (config.problem !== undefined) reporter.line(config.problem, 'WARNING');
    return await registryLogin(image, { config, env, signal });
  } catch (error) {
    signal.throwIfAborted();
    reporter.line(`no login for the registry of ${image}: ${causeLine(error)}`, 'WARNING');
    return undefined;
  }
}
