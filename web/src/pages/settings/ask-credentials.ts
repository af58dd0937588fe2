import { call } from '../../api/client.js';

/** A pair of keys; the server keeps no secrets. */
export interface Credential {
  access_key: string;
  label?: string;
  role?: string;
  last_used?: string;
  last_used_from?: string;
}

export interface NewPair extends Credential {
  secret_key: string;
}

export async function askCredentials(signal: AbortSignal): Promise<Credential[]> {
  const { credentials } = await call<{ credentials: Credential[] }>('auth.get_credentials', {}, { signal });
  return credentials;
}

/** @param isForAgents the pair runs the tasks of all users, and makes neither keys nor users */
export async function createCredentials(label: string, isForAgents: boolean): Promise<NewPair> {
  const { credentials } = await call<{ credentials: NewPair }>('auth.create_credentials', {
    ...(label === '' ? {} : { label }),
    ...(isForAgents ? { role: 'agent' } : {}),
  });
  return credentials;
}

export async function revokeCredentials(access_key: string): Promise<void> {
  await call('auth.revoke_credentials', { access_key });
}
