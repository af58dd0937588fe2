import { AgentError, causeLine, isAgentError } from '../errors.js';
import { Availability, type Notices } from './availability.js';
import { endpointRule } from './endpoints.js';
import { readEnvelope } from './envelope.js';
import { ConnectionError } from './errors.js';
import { type Credentials, loginHeader, readLogin } from './login.js';
import { meansAway, type RetryMode, type RetryPolicy, retryDelay } from './retry.js';
import { type Token, TokenKeeper } from './token.js';
import { compareVersions, type TokenClaims } from './token-claims.js';
import { Traffic } from './traffic.js';
import type { HttpMethod, HttpRequest, HttpResponse, Transport } from './transport.js';

export interface ApiClientOptions {
  /** Address of the API server, without a slash at its end. */
  server: string;
  credentials: Credentials;
  /** Gets tokens, instead of a login with the credentials. */
  obtainToken?(): Promise<string>;
  transport: Transport;
  /** Sent as the worker's name in the headers; the server stores it as "last used from". */
  hostName: string;
  /** Method of calls whose endpoint does not ask for POST. */
  defaultMethod: HttpMethod;
  retry: RetryPolicy;
  /** A token with less life than this left is renewed, seconds. */
  tokenThresholdSeconds: number;
  /** Life that is asked for new tokens, seconds; the server decides when left out. */
  tokenLifeSeconds?: number;
  /** The newest API version that the agent may believe the server to have. */
  maxApiVersion?: string;
  /** Called with every new token; a child process is given the newest one. */
  onToken?(token: string): void;
  notices: Notices;
  /** Counts the requests; its own where left out. */
  traffic?: Traffic;
  now?: () => number;
  random?: () => number;
}

export interface CallOptions {
  signal?: AbortSignal;
  /** Instead of the table's; an empty text for none. */
  version?: string;
  method?: HttpMethod;
  /** `forever` when left out. */
  retry?: RetryMode;
  /** Laid over the usual ones. */
  headers?: Readonly<Record<string, string>>;
  /** True reports even a broken idle connection instead of sending the request again on a new one. */
  sendOnce?: boolean;
}

/** What the server sees as the agent's own name and version: those of the original whose protocol this is. */
const CLIENT_ID = 'api-3.0.3';
/** Maximum number of fields of wrong types to report. */
const MOST_WARNINGS = 20;
/** Largest file that is read from a file server, bytes. */
const MOST_FILE_BYTES = 64 * 1024 * 1024;
/** Kept connections that the server closed meanwhile may come one after the other. */
const STALE_REPLAYS = 3;

/**
 * Calls the ClearML API: logs in by itself, renews its token, repeats what is worth repeating. One client serves
 * the whole process.
 */
export class ApiClient {
  readonly server: string;
  readonly traffic: Traffic;
  readonly #options: ApiClientOptions;
  readonly #tokens: TokenKeeper;
  readonly #availability: Availability;
  readonly #now: () => number;
  readonly #warned = new Set<string>();

  constructor(options: ApiClientOptions) {
    this.server = options.server;
    this.traffic = options.traffic ?? new Traffic();
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#availability = new Availability({ server: this.server, notices: options.notices, now: this.#now });
    this.#tokens = new TokenKeeper({
      ...('token' in options.credentials ? { initial: options.credentials.token } : {}),
      ...(options.onToken ? { onToken: options.onToken } : {}),
      thresholdSeconds: options.tokenThresholdSeconds,
      login: options.obtainToken ?? ((current) => this.#login(current)),
      now: this.#now,
    });
  }

  /**
   * Calls an endpoint such as `tasks.get_all`.
   *
   * @returns the answer's `data`, `{}` when there is none
   * @throws ApiError, ConnectionError, AgentError API_CREDENTIALS or API_ANSWER, or the signal's reason
   */
  call<T>(endpoint: string, body: object = {}, options: CallOptions = {}): Promise<T> {
    return this.#perform<T>(endpoint, { text: JSON.stringify(body), type: 'application/json' }, options);
  }

  /** Calls an endpoint that takes a batch: one JSON object a line. */
  callLines<T>(endpoint: string, items: readonly object[], options: CallOptions = {}): Promise<T> {
    const text = items.map((item) => JSON.stringify(item)).join('\n');
    return this.#perform<T>(endpoint, { text, type: 'application/json-lines' }, options);
  }

  /** Logs in, or waits until that is possible, and tells who the agent is for the server. */
  async connect(options: Pick<CallOptions, 'signal' | 'retry'> = {}): Promise<TokenClaims> {
    await this.#repeat(() => this.#tokens.current(), options);
    return this.claims;
  }

  /** What the newest token says; the oldest API there is before the first call. */
  get claims(): TokenClaims {
    const claims = this.#tokens.latest?.claims ?? { apiVersion: '0', featureSet: 'basic' };
    const most = this.#options.maxApiVersion;
    if (most === undefined || compareVersions(claims.apiVersion, most) <= 0) return claims;
    return { ...claims, apiVersion: most };
  }

  /** Whether the server's API is at least of this version. */
  supports(version: string): boolean {
    return compareVersions(this.claims.apiVersion, version) >= 0;
  }

  /** The token in use, for a child process that is to call the server. */
  async token(options: Pick<CallOptions, 'signal' | 'retry'> = {}): Promise<string> {
    return (await this.#repeat(() => this.#tokens.current(), options)).value;
  }

  /** A client over the same connections that calls with other tokens. */
  withTokens(obtainToken: () => Promise<string>): ApiClient {
    const { onToken: _, ...options } = this.#options;
    return new ApiClient({ ...options, traffic: this.traffic, obtainToken });
  }

  /**
   * The text of a file that a file server has.
   *
   * @param options.trusted whether the server may see the token
   * @throws ConnectionError, AgentError API_ANSWER for an answer that is no file, or the signal's reason
   */
  async readFile(
    url: string,
    { trusted, signal }: { trusted: boolean; signal: AbortSignal },
  ): Promise<string> {
    const request = { method: 'get', url, headers: {}, signal, mostBytes: MOST_FILE_BYTES } as const;
    const response = trusted
      ? await this.#authorized((Authorization) =>
          this.#send({ ...request, headers: { Authorization } }, false),
        )
      : await this.#send(request, false);
    if (response.status === 200) return response.text;
    throw new AgentError('API_ANSWER', `${url} answers with status ${response.status}`);
  }

  /** Closes idle connections. */
  close(): void {
    this.#options.transport.close();
  }

  #perform<T>(endpoint: string, body: Body, options: CallOptions): Promise<T> {
    const rule = endpointRule(endpoint);
    const method = options.method ?? (rule.post ? 'post' : this.#options.defaultMethod);
    const version = options.version ?? rule.version;
    const url = `${this.server}/${version ? `v${version}/` : ''}${endpoint}`;
    const request = { method, url, body: body.text, signal: options.signal };
    const headers = { ...this.#headers(), 'Content-Type': body.type, ...options.headers };
    const attempt = async (): Promise<T> => {
      const response = await this.#authorized((authorization) =>
        this.#send({ ...request, headers: { ...headers, Authorization: authorization } }, options.sendOnce),
      );
      // The answer's shape is the server's contract; callers narrow what they depend on.
      return readEnvelope(response, {
        server: this.server,
        endpoint,
        now: this.#now(),
        warn: this.#warn,
      }) as T;
    };
    return this.#repeat(attempt, options);
  }

  /** A token that the server does not take any more is replaced once, and the call repeated with the new one. */
  async #authorized(send: (authorization: string) => Promise<HttpResponse>): Promise<HttpResponse> {
    const token = await this.#tokens.current();
    const response = await send(bearer(token));
    if (response.status !== 401) return response;
    return send(bearer(await this.#tokens.replace(token.value)));
  }

  async #login(current: string | undefined): Promise<string> {
    const { credentials, tokenLifeSeconds, defaultMethod: method } = this.#options;
    const life = tokenLifeSeconds === undefined ? '' : `?expiration_sec=${tokenLifeSeconds}`;
    const headers = { ...this.#headers(), Authorization: loginHeader(credentials, current) };
    const response = await this.#send({ method, url: `${this.server}/auth.login${life}`, headers }, false);
    return readLogin(response, { server: this.server, credentials, now: this.#now() });
  }

  async #send(request: HttpRequest, once: boolean | undefined): Promise<HttpResponse> {
    const { transport, notices } = this.#options;
    for (let replays = 0; ; replays += 1) {
      const begun = this.#now();
      const tell = (result: string) =>
        notices.debug?.(`${callName(request)}: ${result} after ${this.#now() - begun} ms`);
      try {
        const response = await transport.send(request);
        tell(`status ${response.status}`);
        this.traffic.note(this.#pathOf(request), response.status);
        return response;
      } catch (error) {
        tell(causeLine(error));
        this.traffic.note(this.#pathOf(request), request.signal?.aborted ? undefined : 'unreachable');
        const stale = error instanceof ConnectionError && error.stale;
        if (!stale || once || replays >= STALE_REPLAYS) throw error;
      }
    }
  }

  #pathOf({ url }: HttpRequest): string {
    return url.startsWith(`${this.server}/`) ? url.slice(this.server.length) : '';
  }

  async #repeat<T>(attempt: () => Promise<T>, { signal, retry: mode = 'forever' }: CallOptions): Promise<T> {
    const { retry: policy, random = Math.random } = this.#options;
    for (let failures = 1; ; failures += 1) {
      try {
        const result = await untilAborted(attempt(), signal);
        this.#availability.answered();
        return result;
      } catch (error) {
        signal?.throwIfAborted();
        // A first contact is the moment to find a wrong address.
        const isStranger = isAgentError(error, 'API_ANSWER') && this.#tokens.latest === undefined;
        const delay = isStranger ? undefined : retryDelay(error, failures, { mode, policy, random });
        // A caller that asks for one attempt comes back in a rhythm of its own.
        if (meansAway(error)) this.#availability.failed(error, delay !== undefined || mode === 'none');
        else this.#availability.answered();
        if (delay === undefined) throw error;
        await this.#availability.pause(delay, signal);
      }
    }
  }

  /** Polling would repeat the same line without end. */
  readonly #warn = (text: string): void => {
    if (this.#warned.size >= MOST_WARNINGS || this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#options.notices.warn(text);
  };

  #headers(): Record<string, string> {
    const { hostName } = this.#options;
    return {
      'X-ClearML-Worker': hostName,
      'X-Trains-Worker': hostName,
      'X-ClearML-Agent': CLIENT_ID,
      'X-Trains-Agent': CLIENT_ID,
    };
  }
}

interface Body {
  text: string;
  type: string;
}

/** The call without the server's address, as a line of the log has it. */
function callName({ method, url }: HttpRequest): string {
  return `${method.toUpperCase()} ${new URL(url).pathname}`;
}

function bearer(token: Token): string {
  return `Bearer ${token.value}`;
}

/** A login shared with other calls continues when one of them is aborted; the aborted one stops waiting. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
  }
}
