import type { AxiosInstance, AxiosResponse } from 'axios';
import { AgentError, causeLine, systemCode } from '../errors.js';
import { CONNECT_TIMEOUT, openPool, type Pool } from './agents.js';
import { loadAxios } from './axios.js';
import { ConnectionError } from './errors.js';
import { proxyFor, shownProxy } from './proxy.js';
import type { TlsSettings } from './trust.js';

export interface TransportOptions {
  /** Asked for the first encrypted connection. */
  tls(): TlsSettings;
  /** For the proxy variables. */
  env: Readonly<Record<string, string | undefined>>;
  timeouts?: Timeouts;
}

/** Milliseconds for a connection, between two pieces of what comes after it, and for all of the call together. */
export type Timeouts = Readonly<
  Record<'first' | 'usual' | 'large', { connect: number; read: number; whole: number }>
>;

export interface HttpRequest {
  method: HttpMethod;
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  signal?: AbortSignal | undefined;
  /** Largest answer, bytes after decompression; `MOST_BYTES` when left out. */
  mostBytes?: number;
}

/** The largest answer of a call that is taken, bytes: several times what a queue of 100,000 tasks needs. */
export const MOST_BYTES = 32 * 1024 * 1024;

export type HttpMethod = 'get' | 'post' | 'put';

export interface HttpResponse {
  status: number;
  /** Header names in small letters. */
  headers: Readonly<Record<string, string>>;
  text: string;
  /** ` through the proxy …`, where one carried the call. */
  through?: string;
}

/**
 * For the first contact, for a call, for a call with a large body; connect and read as the original has them. A server
 * that sends a byte now and then keeps `read` from ending a call, so `whole` does.
 */
const TIMEOUTS: Timeouts = {
  first: { connect: 3000, read: 10_000, whole: 60_000 },
  usual: { connect: 10_000, read: 30_000, whole: 120_000 },
  large: { connect: 30_000, read: 30_000, whole: 300_000 },
};
/** A body above this many characters is large. */
const LARGE_BODY = 15_000;

/** Speaks HTTP through axios: one pool of connections, any status is an answer, a broken connection a coded error. */
export class Transport {
  readonly #axios: AxiosInstance;
  readonly #pool: Pool;
  readonly #env: TransportOptions['env'];
  readonly #timeouts: Timeouts;
  #reached = false;

  constructor({ tls, env, timeouts = TIMEOUTS }: TransportOptions) {
    this.#env = env;
    this.#timeouts = timeouts;
    this.#pool = openPool({
      tls,
      connectMs: () => (this.#reached ? timeouts.usual : timeouts.first).connect,
    });
    this.#axios = loadAxios().create({
      adapter: 'http',
      // A redirected call loses its body or its method on the way; the answer is reported instead.
      maxRedirects: 0,
      responseType: 'text',
      transformRequest: [(data: unknown) => data],
      transformResponse: [(data: unknown) => data],
      validateStatus: () => true,
    });
  }

  /** @throws ConnectionError, or the signal's reason */
  async send(request: HttpRequest): Promise<HttpResponse> {
    request.signal?.throwIfAborted();
    const deadline = new Deadline(this.#limits(request).whole, request.signal);
    try {
      const response = await this.#request({ ...request, signal: deadline.signal });
      this.#reached = true;
      const { status, headers, data: text } = response;
      return { status, headers: plainHeaders(headers), text, through: this.#through(request.url) };
    } catch (error) {
      request.signal?.throwIfAborted();
      throw this.#describe(deadline.passed ?? error, request.url);
    } finally {
      deadline.end();
    }
  }

  close(): void {
    this.#pool.close();
  }

  #describe(error: unknown, url: string): unknown {
    if (!isAxiosFailure(error)) return error;
    const code = systemCode(error) ?? '';
    const untrusted = UNTRUSTED.test(code);
    if (TOO_LARGE.test(error.message)) return tooLarge(error, url);
    // Two addresses of one name that both refuse leave the message empty.
    const what = causeLine(error) || code || 'the connection broke';
    return new ConnectionError(
      `cannot reach ${new URL(url).origin}${this.#through(url)}: ${what}`,
      {
        maybeDone: !untrusted && !NOT_SENT.has(code),
        lasting: untrusted,
        stale: code !== 'ECONNABORTED' && code !== 'ETIMEDOUT' && this.#pool.wasStale(error.request),
      },
      { cause: error, hint: untrusted ? TRUST_HINT : REACH_HINT },
    );
  }

  /** The proxy that carries a call, for messages: a cause without it sends the user to the wrong machine. */
  #through(url: string): string {
    const proxy = proxyFor(new URL(url), this.#env);
    return proxy === undefined ? '' : ` through the proxy ${shownProxy(proxy)}`;
  }

  #limits({ body }: HttpRequest): Timeouts['usual'] {
    const { first, usual, large } = this.#timeouts;
    const later = (body?.length ?? 0) > LARGE_BODY ? large : usual;
    return this.#reached ? later : first;
  }

  #request(request: HttpRequest): Promise<AxiosResponse<string>> {
    const { method, url, headers, body, signal, mostBytes = MOST_BYTES } = request;
    return this.#axios.request<string>({
      method,
      url,
      ...(url.startsWith('https:') ? { httpsAgent: this.#pool.https() } : { httpAgent: this.#pool.http }),
      headers: { 'Accept-Encoding': 'gzip, deflate', ...headers },
      ...(body === undefined ? {} : { data: body }),
      timeout: this.#limits(request).read,
      // Counted while the answer comes in: what is longer is never held.
      maxContentLength: mostBytes,
      proxy: proxyFor(new URL(url), this.#env) ?? false,
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

/** Ends a call that takes longer altogether than it may, or whose caller gives it up. */
class Deadline {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  /** Set when time is up. */
  passed: Error | undefined;

  constructor(ms: number, caller: AbortSignal | undefined) {
    this.#caller = caller;
    caller?.addEventListener('abort', this.#stop, { once: true });
    this.#timer = setTimeout(() => {
      this.passed = new CallFailure(`no whole answer within ${ms / 1000} s`, 'ETIMEDOUT');
      this.#stop();
    }, ms);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener('abort', this.#stop);
  }

  readonly #stop = (): void => this.#controller.abort();
}

/** What axios does not say itself, in the form in which it says the rest. */
class CallFailure extends Error {
  readonly isAxiosError = true;
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Failures before anything of the request was sent. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  CONNECT_TIMEOUT,
]);

/** axios has no code of its own for it. */
const TOO_LARGE = /^maxContentLength size of \d+ exceeded/;

function tooLarge(cause: Error, url: string): AgentError {
  const { origin, pathname } = new URL(url);
  return new AgentError(
    'API_ANSWER',
    `the answer of ${origin} to ${pathname} is too large: at most ${/\d+/.exec(cause.message)?.[0]} bytes are read`,
    {
      hint: 'Check that the address is that of a ClearML server, and what stands between it and this machine.',
      cause,
    },
  );
}

const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS|^ERR_SSL|^EPROTO$/;

const REACH_HINT = 'Check that the server runs and that api.api_server (CLEARML_API_HOST) is its address.';
const TRUST_HINT =
  'Name a file with the authority of the server in REQUESTS_CA_BUNDLE or api.verify_certificate, or check that the address should begin with https.';

function isAxiosFailure(error: unknown): error is Error & { request?: unknown } {
  return error instanceof Error && 'isAxiosError' in error;
}

function plainHeaders(headers: AxiosResponse['headers']): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') plain[name.toLowerCase()] = value;
  }
  return plain;
}
