import type { CreateRequest } from '../../../container/create-request.js';

/** How programs reach the network from here; a container has the same way out unless its settings differ. */
export function networkVariables(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const names = /^(?:https?|ftp|all|no)_proxy$/i;
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => names.test(entry[0]) && entry[1] !== undefined,
    ),
  );
}

/** What a bare name among the variables asks for; of engines only Docker does it by itself. */
export function removedVariables({ Env = [] }: CreateRequest): Record<string, undefined> {
  return Object.fromEntries(Env.filter((pair) => !pair.includes('=')).map((name) => [name, undefined]));
}
