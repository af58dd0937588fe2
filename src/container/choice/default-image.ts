import type { Config } from '../../config/config.js';
import type { OptionKey } from '../../config/options/option-types.js';
import { requireClosedQuotes, splitShellText } from '../arguments/shell-text.js';

/** The image for tasks that bring none, chosen once when the agent starts. */
export interface DefaultImage {
  image: string;
  arguments: string[];
  /** The command line named an image, so rules do not choose one for tasks. */
  fromCommandLine: boolean;
}

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
  const [image = '', ...behind] = splitShellText(text, 'default image');
  const given = [...behind, ...rest];
  return {
    image,
    arguments: given.length > 0 ? given : configuredArguments(config),
    fromCommandLine: first !== undefined,
  };
}

function configuredArguments(config: Config): string[] {
  requireClosedKey(config, 'agent.default_docker.arguments');
  return config.agent.defaultDocker.arguments;
}

/**
 * A list of words that is written as one text is split as a shell does.
 *
 * @throws AgentError DOCKER_ARGUMENT for an open quote
 */
export function requireClosedKey(config: Config, key: OptionKey): void {
  const value = config.raw(key);
  if (typeof value === 'string') requireClosedQuotes(value, key);
}
