import { ownMember } from './own-member.js';

/**
 * `$NAME` and `${NAME}` as Python's `os.path.expandvars` reads them; a name that is not set stays as it is written. pip
 * replaces fewer forms in its lists (`expandListed`).
 */
export function expandVariables(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\$(?:(\w+)|\{([^}]*)\})/g, (written, plain?: string, braced?: string) => {
    return ownMember(env, plain ?? braced ?? '') ?? written;
  });
}
