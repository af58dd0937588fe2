import { at } from '../base.js';
import { ApiFailure } from './failure.js';
import { serverAnswered, serverIsGone } from './presence.js';
import { sessionEnded } from './session.js';

interface Envelope<T> {
  meta: {
    result_code: number;
    result_subcode: number;
    result_msg: string;
    error_data?: Record<string, unknown>;
  };
  data: T;
}

interface CallOptions {
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
  /** A refused log-in is an answer, not the end of a session. */
  keepSession?: boolean;
}

/**
 * Asks the server: `call('tasks.get_by_id', { task })`.
 *
 * @throws ApiFailure with one clear message; of the kind `gone` where the server does not answer
 */
export async function call<T>(endpoint: string, body: object = {}, options: CallOptions = {}): Promise<T> {
  const response = await send(endpoint, body, options);
  const envelope = await readEnvelope<T>(response);
  if (response.ok && envelope !== undefined) return envelope.data;
  const failure = ApiFailure.of(endpoint, response.status, envelope?.meta);
  if (failure.kind === 'session' && options.keepSession !== true) sessionEnded();
  throw failure;
}

async function send(endpoint: string, body: object, { signal, headers }: CallOptions): Promise<Response> {
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    credentials: 'same-origin',
    ...(signal === undefined ? {} : { signal }),
  } as const;
  try {
    const response = await fetch(at(`/api/${endpoint}`), request);
    if ([502, 503, 504].includes(response.status)) throw new TypeError(`status ${response.status}`);
    serverAnswered();
    return response;
  } catch (error) {
    if (signal?.aborted === true) throw error;
    serverIsGone();
    throw ApiFailure.gone(endpoint);
  }
}

async function readEnvelope<T>(response: Response): Promise<Envelope<T> | undefined> {
  try {
    return (await response.json()) as Envelope<T>;
  } catch {
    return undefined;
  }
}
