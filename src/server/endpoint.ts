import { ApiError } from './api-error.js';
import type { Identity } from './auth/accounts.js';
import type { ServerContext } from './context.js';
import type { JsonObject } from './json.js';
import { type Body, type Fields, object, type SchemaText } from './schema.js';
import type { Version } from './versions.js';

/** One request as a handler sees it. */
export interface Call<B = unknown> {
  readonly server: ServerContext;
  /** The fields, which satisfy the schema of the endpoint; fields that it does not name are there as sent. */
  readonly body: B;
  /** Who asks; empty texts where no login is needed. */
  readonly identity: Identity;
  /** API version asked for. */
  readonly version: Version;
  /** Address of the client. */
  readonly ip: string;
  /** What the client calls itself in `X-ClearML-Worker`. */
  readonly worker: string;
  /** What the endpoint waited for. */
  readonly awaited?: unknown;
  /** Sends a `Set-Cookie` header with the answer; absent in calls that did not come over HTTP. */
  readonly setCookie?: (cookie: string) => void;
}

/** The call of an endpoint with these fields. */
export type CallWith<F extends Fields> = Call<Body<F>>;

/** An answer that is to be saved as a file, without the envelope; a long one comes in portions. */
export class Download {
  readonly content: string | Buffer | AsyncIterable<Uint8Array>;
  readonly fileName: string;
  readonly type: string;

  constructor(
    content: string | Buffer | AsyncIterable<Uint8Array>,
    fileName: string,
    type = 'text/plain; charset=utf-8',
  ) {
    this.content = content;
    this.fileName = fileName;
    this.type = type;
  }
}

/** The JSON of an answer that another thread made. */
export class JsonText {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }
}

/** An answer that is a document for a sandboxed frame: no scripts, nothing from other addresses. */
export class Page {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }
}

/** Where a stream goes: one client. */
export interface EventSink {
  /** @returns whether the client has room for more; if not, `drained` is called once it has */
  send(text: string): boolean;
  end(): void;
}

/** An answer that stays open: server-sent events. It begins when what the handler read is on disk. */
export class EventStream {
  readonly begin: (sink: EventSink) => EventFeed;

  constructor(begin: (sink: EventSink) => EventFeed) {
    this.begin = begin;
  }
}

/** What feeds a sink. */
export interface EventFeed {
  drained(): void;
  /** The client is gone. */
  close(): void;
}

/** What a handler answers. */
export type Answer = JsonObject | Download | JsonText | Page | EventStream;

export interface EndpointOptions {
  /**
   * `open`: no login is needed. `optional`: who asks is known if they say so. `admin`: administrators. `reserved`: roles `system`
   * and `root`, which only accounts of `secure.conf` have. Others: any user (`auth/roles.ts`).
   */
  readonly access?: 'open' | 'optional' | 'user' | 'admin' | 'reserved';
  /** First API version that has the endpoint; default 1.0. */
  readonly since?: Version;
  /** What answers requests of versions before `since`. */
  readonly earlier?: Endpoint;
}

export interface Endpoint extends EndpointOptions {
  /** Of an object; of a list of objects, if a request has many lines. */
  readonly body: SchemaText;
  /** Synchronous: it runs inside one transaction, so it happens as a whole or not at all. */
  readonly handler: (call: Call<never>) => Answer;
  /** What the call waits for before the handler runs, outside of the transaction; `gone` aborts with the client. */
  readonly wait?: (call: Call<never>, gone: AbortSignal) => Promise<unknown>;
}

/** By `service.action`. */
export type EndpointTable = Readonly<Record<string, Endpoint>>;

export function endpoint<F extends Fields>(
  fields: F,
  handler: (call: CallWith<F>) => Answer,
  options: EndpointOptions = {},
): Endpoint {
  return { ...options, body: object(fields), handler };
}

/** An endpoint that answers later. */
export function waitingEndpoint<F extends Fields>(
  fields: F,
  wait: (call: CallWith<F>, gone: AbortSignal) => Promise<unknown>,
  handler: (call: CallWith<F>) => JsonObject,
  options: EndpointOptions = {},
): Endpoint {
  return { ...options, body: object(fields), wait, handler };
}

/** An endpoint that takes one object a line; a single object counts as one line. */
export function batchEndpoint<F extends Fields>(
  fields: F,
  handler: (call: Call<readonly Body<F>[]>) => JsonObject,
): Endpoint {
  const items = object(fields);
  return { body: { type: 'array', items, minItems: 1, refusedAs: 'batch_contains_no_items' }, handler };
}

export function reservedEndpoint(): Endpoint {
  const refuse = ({ identity }: Call) => {
    throw new ApiError('role_not_allowed', { role: identity.role });
  };
  return endpoint({}, refuse, { access: 'reserved' });
}
