import { isSecretName } from '../../container/resolve-template.js';

type Variables = Readonly<Record<string, string | undefined>>;

export interface VariableSources {
  /** What the task's command would be given in the container that becomes the image. */
  command: Variables;
  /** What the image has of itself. */
  image: Variables;
  /** Given to the container, by configuration, flags or the task's arguments. */
  given: ReadonlySet<string>;
}

/** Of the container, its shells and the agent's own set-up. */
const PASSING =
  /^(HOME|HOSTNAME|PWD|OLDPWD|SHLVL|TERM|_|container|DEBIAN_FRONTEND|PIP_BREAK_SYSTEM_PACKAGES|(CLEARML|TRAINS)_.*)$/;

/**
 * Variables that a task needs in its image: what set-up scripts have exported and what finds its packages. What
 * was given to the container from outside stays outside, and so does everything that is called a secret.
 */
export function imageVariables({ command, image, given }: VariableSources): Record<string, string> {
  return Object.fromEntries(
    Object.entries(command).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        entry[1] !== image[entry[0]] &&
        !given.has(entry[0]) &&
        !PASSING.test(entry[0]) &&
        !isSecretName(entry[0]),
    ),
  );
}
