import type { Config } from '../../config/config.js';
import { requireClosedQuotes, splitShellText } from '../arguments/shell-text.js';

/** The image for tasks that bring none, chosen once when the agent starts. */
export interface DefaultImage {
  image: string;
  arguments: string[];
  /** The command line named an image, so rules do not choose one for tasks. */
  fromCommandLine: boolean;
}

/** Without any configuration at all. */
const LAST_RESORT = 'nvidia/cuda';

/**
 * `--docker IMAGE [ARGUMENTS]`, else the variable, else the configuration. Arguments may follow the image
 * after a blank wherever it comes from; only without any do the configured arguments count.
 *
 * @param flag words after `--docker`; `undefined` without the flag
 * @throws AgentError DOCKER_ARGUMENT for an open quote
 */
export function chooseDefaultImage(config: Config, flag: readonly string[] | undefined): DefaultImage {
  const [first, ...rest] = (flag ?? []).filter((word) => word !== '');
  const text = first ?? config.variable('CLEARML_DOCKER_IMAGE') ?? config.agent.defaultDocker.image;
  const [image = LAST_RESORT, ...behind] = splitShellText(text ?? LAST_RESORT, 'default image');
  const given = [...behind, ...rest];
  return {
    image,
    arguments: given.length > 0 ? given : configuredArguments(config),
    fromCommandLine: first !== undefined,
  };
}

function configuredArguments(config: Config): string[] {
  return wordsAt(config, 'agent.default_docker.arguments');
}

/**
 * A list as it is; one text is split as a shell does.
 *
 * @throws AgentError DOCKER_ARGUMENT for an open quote
 */
export function wordsAt(config: Config, key: string): string[] {
  const value = config.raw(key);
  if (typeof value === 'string') requireClosedQuotes(value, key);
  return config.strings(key);
}
