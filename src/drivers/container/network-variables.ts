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
