import { AgentError } from '../errors.js';
import { type Misfit, shaped } from './answer-shape.js';
import { ANSWER_SHAPES } from './answer-shapes.js';
import { ApiError } from './errors.js';
import { parseRetryAfter } from './retry.js';
import type { HttpResponse } from './transport.js';

/** Where an answer came from, for errors. */
export interface AnswerSource {
  server: string;
  endpoint: string;
  now: number;
  /** Called for a field that was left out because of its type. */
  warn?(text: string): void;
}

/** Characters of a foreign answer that are shown. */
const SHOWN = 160;
/** Characters of a server's own message that are shown; those of a released server stay far below. */
const LONGEST_MESSAGE = 2000;
/** Lists and objects within each other. No answer of a ClearML server comes near it; deeper ones end in a full stack. */
const DEEPEST = 200;

/**
 * The `data` of an answer, with the fields that the agent reads in their types.
 *
 * @throws ApiError when the server refused the call, AgentError API_ANSWER when it is not a ClearML server
 */
export function readEnvelope(response: HttpResponse, source: AnswerSource): unknown {
  const { meta, data } = parse(response.text);
  const retryAfterMs = parseRetryAfter(response.headers['retry-after'], source.now);
  const status = whole(meta?.result_code) ?? response.status;
  if (meta !== undefined && status >= 200 && status < 300) return readData(data ?? {}, source);
  if (meta === undefined && isForeign(response.status)) throw foreignAnswer(response, source);
  const message = meta?.result_msg;
  throw new ApiError(
    {
      endpoint: source.endpoint,
      status,
      subcode: whole(meta?.result_subcode) ?? 0,
      message: typeof message === 'string' && message !== '' ? clipped(message) : foreignRefusal(response),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
    response.status === PROXY_LOGIN && meta === undefined ? { hint: PROXY_HINT } : {},
  );
}

function clipped(message: string): string {
  return message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
}

function readData(data: unknown, source: AnswerSource): unknown {
  const { endpoint, server, warn } = source;
  const shape = ANSWER_SHAPES.get(endpoint);
  if (shape === undefined) return data;
  const misfits = new Map<string, Misfit>();
  const fitted = shaped(data, shape, (misfit) => {
    if (!misfits.has(misfit.place)) misfits.set(misfit.place, misfit);
  });
  const [first] = misfits.values();
  if (fitted === undefined && first) throw wrongAnswer(first, source);
  for (const misfit of misfits.values())
    warn?.(`${endpoint}: ${described(misfit, server)}; the agent ignores it`);
  return fitted;
}

function wrongAnswer(misfit: Misfit, { endpoint, server }: AnswerSource): AgentError {
  return new AgentError('API_ANSWER', `${endpoint}: ${described(misfit, server)}`, {
    hint: 'Check that api.api_server is the address of a ClearML API server, and the version of that server.',
  });
}

function described({ place, expected, found }: Misfit, server: string): string {
  const shown = found === undefined ? 'nothing' : JSON.stringify(found).slice(0, SHOWN);
  return `expected ${expected} in ${place === '' ? 'the answer' : place} from ${server}, found ${shown}`;
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
  if (isTooDeep(text)) return {};
  try {
    const value: unknown = JSON.parse(text);
    const meta = isRecord(value) && isRecord(value.meta) ? value.meta : undefined;
    return meta === undefined || !isRecord(value) ? {} : { meta, data: value.data };
  } catch {
    return {};
  }
}

/** A plain loop: a regular expression would need a stack as deep as a long text. Brackets inside texts do not count. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const mark = text.charAt(at);
    if (quoted) {
      if (mark === '\\') at += 1;
      else if (mark === '"') quoted = false;
    } else if (mark === '"') quoted = true;
    else if (mark === '[' || mark === '{') depth += 1;
    else if (mark === ']' || mark === '}') depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
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
