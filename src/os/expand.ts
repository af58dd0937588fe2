import { ownMember } from './own-member.js';

/** `$NAME` and `${NAME}`; an unknown name stays as it is. */
export function expandVariables(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\$(?:(\w+)|\{(\w+)\})/g, (written, plain?: string, braced?: string) => {
    return ownMember(env, plain ?? braced ?? '') ?? written;
  });
}
