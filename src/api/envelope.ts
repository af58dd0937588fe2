import { AgentError } from '../errors.js';
import { ApiError } from './errors.js';
import { parseRetryAfter } from './retry.js';
import type { HttpResponse } from './transport.js';

/** Where an answer came from, for errors. */
export interface AnswerSource {
  server: string;
  endpoint: string;
  now: number;
}

/** Characters of a foreign answer that are shown. */
const SHOWN = 160;

/**
 * The `data` of an answer.
 *
 * @throws ApiError when the server refused the call, AgentError API_ANSWER when it is not a ClearML server
 */
export function readEnvelope(response: HttpResponse, source: AnswerSource): unknown {
  const { meta, data } = parse(response.text);
  const retryAfterMs = parseRetryAfter(response.headers['retry-after'], source.now);
  const status = whole(meta?.result_code) ?? response.status;
  if (meta !== undefined && status >= 200 && status < 300) return data ?? {};
  if (meta === undefined && isForeign(response.status)) throw foreignAnswer(response, source);
  const message = meta?.result_msg;
  throw new ApiError(
    {
      endpoint: source.endpoint,
      status,
      subcode: whole(meta?.result_subcode) ?? 0,
      message: typeof message === 'string' && message !== '' ? message : foreignRefusal(response),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
    response.status === PROXY_LOGIN && meta === undefined ? { hint: PROXY_HINT } : {},
  );
}

const PROXY_LOGIN = 407;
const PROXY_HINT = 'Give the proxy its user and password: http://user:password@host:port.';

/** Something other than the API refused the call; with a proxy on the way, that may be the proxy. */
function foreignRefusal(response: HttpResponse): string {
  return `${excerpt(response)}${response.through ? `, answered${response.through}` : ''}`;
}

interface Parsed {
  meta?: Readonly<Record<string, unknown>>;
  data?: unknown;
}

function parse(text: string): Parsed {
  try {
    const value: unknown = JSON.parse(text);
    const meta = isRecord(value) && isRecord(value.meta) ? value.meta : undefined;
    return meta === undefined || !isRecord(value) ? {} : { meta, data: value.data };
  } catch {
    return {};
  }
}

/** A ClearML server puts an envelope even around these; something else answered. */
function isForeign(status: number): boolean {
  return status < 400 || status === 404 || status === 405;
}

function foreignAnswer(response: HttpResponse, { server, endpoint }: AnswerSource): AgentError {
  const moved = response.headers.location;
  const { through = '' } = response;
  const what = moved ? `a redirection to ${moved}` : `"${excerpt(response)}"`;
  return new AgentError(
    'API_ANSWER',
    `${endpoint}: expected a ClearML answer from ${server}${through}, got ${what}`,
    {
      hint: 'Check api.api_server: it is the address of the API, usually port 8008 or a name that begins with "api.".',
    },
  );
}

function excerpt({ status, text }: HttpResponse): string {
  const line = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (line === '') return `HTTP status ${status}`;
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}
