import type { Identity } from './auth/accounts.js';
import type { ServerContext } from './context.js';
import type { JsonObject } from './json.js';
import type { Params } from './params.js';
import type { FieldTable } from './request-fields.js';

/** One request as a handler sees it. */
export interface Call {
  readonly server: ServerContext;
  readonly params: Params;
  /** The items of a batch; of any other request, its one object. */
  readonly batch: readonly JsonObject[];
  /** Who asks; present unless the endpoint is open to everybody. */
  readonly identity: Identity;
  /** API version asked for, as [major, minor]. */
  readonly version: readonly [number, number];
  /** Address of the client. */
  readonly ip: string;
  /** What the client calls itself in `X-ClearML-Worker`. */
  readonly worker: string;
}

/** An answer that is a text to be saved as a file, without the envelope. */
export class Download {
  readonly text: string;
  readonly fileName: string;

  constructor(text: string, fileName: string) {
    this.text = text;
    this.fileName = fileName;
  }
}

/** Handlers are synchronous: each runs inside one transaction, so it happens as a whole or not at all. */
export type Handler = (call: Call) => JsonObject | Download;

export interface Endpoint {
  handler: Handler;
  /**
   * `open`: no login is needed. `optional`: who asks is known if they say so. `admin`: roles admin, root and
   * system. Others: any user.
   */
  access?: 'open' | 'optional' | 'user' | 'admin';
  /** What its fields must be. */
  fields?: FieldTable;
  /** First API version that has the endpoint; default 1.0. */
  since?: readonly [number, number];
  /** What answers requests of versions before `since`. */
  earlier?: Endpoint;
}

export type EndpointTable = Readonly<Record<string, Endpoint>>;
