import { ownMember } from '../os/own-member.js';

/** What pip replaces in a list by the environment: capitals in braces and nothing else. */
const VARIABLE = /\$\{([A-Z0-9_]+)\}/g;

type Environment = Readonly<Record<string, string | undefined>>;

/** Replaces variables as pip does. One that is not set, or empty, stays as it is written. */
export function expandListed(text: string, env: Environment): string {
  return text.replace(VARIABLE, (whole, name: string) => ownMember(env, name) || whole);
}

export function hasVariable(text: string): boolean {
  return text.search(VARIABLE) !== -1;
}
