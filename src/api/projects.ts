import type { ApiClient, CallOptions } from './client.js';

export interface ProjectRecord {
  id: string;
  /** The whole path, `a/b`. */
  name?: string;
}

export interface ProjectQuery {
  id?: string[];
  /** A Python regular expression, found anywhere in the name. */
  name?: string;
  only_fields?: string[];
  search_hidden?: boolean;
}

export class ProjectsApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async getAll(query: ProjectQuery = {}, options?: CallOptions): Promise<ProjectRecord[]> {
    const answer = await this.#client.call<{ projects?: ProjectRecord[] }>(
      'projects.get_all',
      query,
      options,
    );
    return answer.projects ?? [];
  }

  async getById(project: string, options?: CallOptions): Promise<ProjectRecord> {
    const answer = await this.#client.call<{ project: ProjectRecord }>(
      'projects.get_by_id',
      { project },
      options,
    );
    return answer.project;
  }

  /** @returns the id of the new project */
  async create(project: { name: string; description?: string }, options?: CallOptions): Promise<string> {
    return (await this.#client.call<{ id: string }>('projects.create', project, options)).id;
  }
}
