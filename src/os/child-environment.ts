type Environment = Readonly<Record<string, string | undefined>>;

/** What logs in to the API server. The task's own SDK needs it; programs that the agent runs for itself do not. */
export const API_SECRETS: readonly string[] = ['API_ACCESS_KEY', 'API_SECRET_KEY', 'AUTH_TOKEN'].flatMap(
  (name) => [`CLEARML_${name}`, `TRAINS_${name}`],
);

/** The environment of a program that does not call the API server. */
export function withoutApiSecrets(env: Environment): Record<string, string | undefined> {
  const kept: Record<string, string | undefined> = { ...env };
  for (const name of API_SECRETS) delete kept[name];
  return kept;
}
