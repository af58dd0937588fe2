/** What can go wrong with a request. `throttled` is status 429, `refused` any other 4xx. */
export const REQUEST_ERRORS = [
  'unreachable',
  'unauthorized',
  'throttled',
  'refused',
  'server_error',
] as const;

export type RequestError = (typeof REQUEST_ERRORS)[number];

export interface ServiceTraffic {
  requests: number;
  errors: Readonly<Record<RequestError, number>>;
}

type Counts = { requests: number; errors: Record<RequestError, number> };

/** Counts the requests to the API server since the start of the agent, by service (`tasks`, `queues`, `auth` …). */
export class Traffic {
  readonly #services = new Map<string, Counts>();

  get services(): ReadonlyMap<string, ServiceTraffic> {
    return this.#services;
  }

  /**
   * @param path behind the address of the API server; empty for another server
   * @param result HTTP status, or why there was none; `undefined` for a request that the agent itself gave up
   */
  note(path: string, result: number | 'unreachable' | undefined): void {
    const counts = this.#countsOf(serviceOf(path));
    counts.requests += 1;
    const error = result === 'unreachable' ? result : errorOf(result);
    if (error !== undefined) counts.errors[error] += 1;
  }

  #countsOf(service: string): Counts {
    const known = this.#services.get(service);
    if (known !== undefined) return known;
    const errors = { unreachable: 0, unauthorized: 0, throttled: 0, refused: 0, server_error: 0 };
    const counts = { requests: 0, errors };
    this.#services.set(service, counts);
    return counts;
  }
}

function errorOf(status: number | undefined): RequestError | undefined {
  if (status === undefined || status < 400) return undefined;
  if (status >= 500) return 'server_error';
  if (status === 429) return 'throttled';
  return status === 401 || status === 403 ? 'unauthorized' : 'refused';
}

/** Of `/v2.13/tasks.get_all`; what is no endpoint is a file of a file server. */
function serviceOf(path: string): string {
  return /^(?:\/v[\d.]+)?\/([a-z_]{1,40})\.[a-z_0-9]{1,60}(?:\?|$)/.exec(path)?.[1] ?? 'files';
}
