import { ownMember } from '../os/own-member.js';
import type { Environment } from './config.js';

/** `$NAME` and `${NAME}`; an unknown name stays as it is. */
export function expandVariables(text: string, env: Environment): string {
  return text.replace(/\$(?:(\w+)|\{(\w+)\})/g, (written, plain?: string, braced?: string) => {
    return ownMember(env, plain ?? braced ?? '') ?? written;
  });
}
