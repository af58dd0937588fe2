import type { ApiClient, CallOptions } from './client.js';
import { isApiError } from './errors.js';

/** Configuration that an administrator stores on the server for users and their agents. */
export interface Vault {
  id?: string;
  /** HOCON text. */
  data?: string;
  scope?: string;
  description?: string;
}

export interface UserRecord {
  id: string;
  name?: string;
  role?: string;
  company?: { id: string; name?: string };
}

export class UsersApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** Empty on a server without vaults, which the open-source server is. */
  async getVaults(types: readonly string[] = ['config'], options?: CallOptions): Promise<Vault[]> {
    try {
      const request = { enabled: true, types };
      return (
        (await this.#client.call<{ vaults?: Vault[] }>('users.get_vaults', request, options)).vaults ?? []
      );
    } catch (error) {
      if (isApiError(error, 404)) return [];
      throw error;
    }
  }

  async getCurrentUser(options?: CallOptions): Promise<UserRecord> {
    return (await this.#client.call<{ user: UserRecord }>('users.get_current_user', {}, options)).user;
  }
}
