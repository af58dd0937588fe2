type Environment = Readonly<Record<string, string | undefined>>;

/** What logs in to the API server. The task's own SDK needs it; programs that the agent runs for itself do not. */
export const API_SECRETS: readonly string[] = ['API_ACCESS_KEY', 'API_SECRET_KEY', 'AUTH_TOKEN'].flatMap(
  (name) => [`CLEARML_${name}`, `TRAINS_${name}`],
);

/** The login of git, where variables give it to the agent. Only git needs it. */
export const GIT_LOGIN: readonly string[] = ['GIT_USER', 'GIT_PASS'].flatMap((name) => [
  `CLEARML_AGENT_${name}`,
  `TRAINS_AGENT_${name}`,
]);

/** The environment of git. */
export function withoutApiSecrets(env: Environment): Record<string, string | undefined> {
  return without(env, API_SECRETS);
}

/** The environment of another program that does not call the API server. */
export function withoutAgentSecrets(env: Environment): Record<string, string | undefined> {
  return without(env, [...API_SECRETS, ...GIT_LOGIN]);
}

function without(env: Environment, names: readonly string[]): Record<string, string | undefined> {
  const kept: Record<string, string | undefined> = { ...env };
  for (const name of names) delete kept[name];
  return kept;
}
