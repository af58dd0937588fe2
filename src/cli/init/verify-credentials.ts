import { hostname } from 'node:os';
import { createApiClient } from '../../api/settings.js';
import { Config, type Environment } from '../../config/config.js';
import { shippedLayer } from '../../config/load.js';

export interface VerifyRequest {
  api: string;
  accessKey: string;
  secretKey: string;
  env: Environment;
}

/** Variables that would be used instead of what is being checked. */
const CONNECTION_VARIABLE = /^(CLEARML|TRAINS)_(API_HOST|API_ACCESS_KEY|API_SECRET_KEY|AUTH_TOKEN|AGENT__)/;

/**
 * Logs in with keys that are not configured yet.
 *
 * @throws AgentError API_UNREACHABLE, API_CREDENTIALS, API_ANSWER
 */
export async function verifyCredentials({ api, accessKey, secretKey, env }: VerifyRequest): Promise<void> {
  const variables = Object.entries(env).filter(([name]) => !CONNECTION_VARIABLE.test(name));
  const tree = { api: { api_server: api, credentials: { access_key: accessKey, secret_key: secretKey } } };
  const config = new Config({
    env: Object.fromEntries(variables),
    base: [shippedLayer(), { tree, source: { kind: 'runtime', name: 'agent init' } }],
  });
  const silent = { info: () => undefined, warn: () => undefined };
  const client = createApiClient(config, { hostName: hostname(), notices: silent });
  try {
    await client.connect({ retry: 'none' });
  } finally {
    client.close();
  }
}
