import type { ApiClient } from './client.js';

/** A version of an application that the embedded server has. */
export interface AppRecord {
  id: string;
  name: string;
  version: string;
  versions: string[];
  provider?: string;
  category?: string;
  default_queue?: string;
  uploaded?: string;
}

/** Custom applications, which the embedded server has and others do not. */
export class AppsApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** @param archive the zip file */
  upload(archive: Buffer): Promise<{ id: string; version: string; replaced: boolean; warnings: string[] }> {
    const body = { archive: archive.toString('base64') };
    return this.#client.call('apps.upload', body, { method: 'post', retry: 'bounded' });
  }

  async getAll(): Promise<AppRecord[]> {
    return (await this.#client.call<{ apps: AppRecord[] }>('apps.get_all', {}, { retry: 'bounded' })).apps;
  }

  /** @returns how many versions went, and how many instances keep theirs */
  delete(app: string, version?: string): Promise<{ deleted: number; instances: number }> {
    return this.#client.call('apps.delete', { app, version }, { method: 'post', retry: 'bounded' });
  }
}
