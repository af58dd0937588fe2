import type { Identity } from './auth/accounts.js';
import type { ServerContext } from './context.js';
import type { JsonObject } from './json.js';
import type { Params } from './params.js';

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

/** Handlers are synchronous: each runs inside one transaction, so it happens as a whole or not at all. */
export type Handler = (call: Call) => JsonObject;

export interface Endpoint {
  handler: Handler;
  /** `open`: nobody need be known. `admin`: roles admin, root and system. Others: any user. */
  access?: 'open' | 'user' | 'admin';
  /** Fields without which the call is refused. */
  required?: readonly string[];
  /** First API version that has the endpoint. */
  since?: readonly [number, number];
}

export type EndpointTable = Readonly<Record<string, Endpoint>>;
