import { planEntrypoint } from '../../../src/cli/entrypoint/plan-entrypoint.js';
import { parseHocon } from '../../../src/config/hocon/parse-hocon.js';
import { isTree, leaves } from '../../../src/config/tree.js';

const VARIABLES = { A: 'x', HOME: '/home/user' };

export function hocon(text: string): void {
  const { root } = parseHocon(text, { file: '/nowhere/fuzz.conf', env: VARIABLES });
  if (isTree(root)) for (const _ of leaves(root));
}

/** `NAME=value` lines, as a compose file gives them to the agent's image. */
export function composeEnvironment(text: string): void {
  const pairs = text.split('\n').map((line): [string, string] => {
    const at = line.indexOf('=');
    return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
  });
  planEntrypoint(Object.fromEntries(pairs), '/root');
}
