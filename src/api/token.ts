import { readClaims, type TokenClaims } from './token-claims.js';

export interface TokenKeeperOptions {
  /** A token to begin with, from `CLEARML_AUTH_TOKEN`. */
  initial?: string;
  /** Asks the server for a token; `current` is the one held, for servers that are given no key and secret. */
  login(current: string | undefined): Promise<string>;
  /** A token with less life than this left is renewed before a call, seconds. */
  thresholdSeconds: number;
  /** Called with every new token. */
  onToken?(token: string): void;
  now: () => number;
}

export interface Token {
  readonly value: string;
  readonly claims: TokenClaims;
}

interface HeldToken extends Token {
  /** When to renew it and when it ends, by this machine's clock. */
  readonly renewAt: number;
  readonly endsAt: number;
}

/**
 * The largest part of a token's life that the threshold may take. Without it a server whose tokens live
 * shorter than the threshold (12 hours) would be asked for a new one before every call.
 */
const LARGEST_THRESHOLD_PART = 0.25;
/** After a renewal that failed while the token still lives, milliseconds. */
const RENEWAL_PAUSE_MS = 60_000;

/** Holds the token of a client and renews it; calls that need a new one at the same time share one login. */
export class TokenKeeper {
  readonly #options: TokenKeeperOptions;
  #held: HeldToken | undefined;
  #login: Promise<HeldToken> | undefined;

  constructor(options: TokenKeeperOptions) {
    this.#options = options;
    this.#held = options.initial === undefined ? undefined : this.#hold(options.initial, false);
  }

  /** The token held last, whatever its age. */
  get latest(): Token | undefined {
    return this.#held;
  }

  /** A token that is good for a call now. */
  async current(): Promise<Token> {
    const held = this.#held;
    if (held === undefined) return this.#renew();
    if (this.#options.now() < held.renewAt) return held;
    return this.#renewEarly(held);
  }

  /** A token other than `refused`, which the server did not take. */
  async replace(refused: string): Promise<Token> {
    const held = this.#held;
    return held !== undefined && held.value !== refused ? held : this.#renew();
  }

  /** A token that still lives does its service even when it cannot be renewed just now. */
  async #renewEarly(held: HeldToken): Promise<Token> {
    try {
      return await this.#renew();
    } catch (error) {
      if (this.#options.now() >= held.endsAt) throw error;
      this.#held = { ...held, renewAt: this.#options.now() + RENEWAL_PAUSE_MS };
      return held;
    }
  }

  #renew(): Promise<HeldToken> {
    this.#login ??= this.#askServer().finally(() => {
      this.#login = undefined;
    });
    return this.#login;
  }

  async #askServer(): Promise<HeldToken> {
    const value = await this.#options.login(this.#held?.value);
    this.#held = this.#hold(value, true);
    this.#options.onToken?.(value);
    return this.#held;
  }

  /** A new token's life is counted from now, which holds also where the server's clock is another. */
  #hold(value: string, isNew: boolean): HeldToken {
    const claims = readClaims(value);
    const now = this.#options.now();
    if (claims.expiresAt === undefined) return { value, claims, renewAt: Infinity, endsAt: Infinity };
    const ends = claims.expiresAt * 1000;
    const life = Math.max(0, ends - (claims.issuedAt === undefined ? now : claims.issuedAt * 1000));
    const threshold = Math.min(this.#options.thresholdSeconds * 1000, life * LARGEST_THRESHOLD_PART);
    const endsAt = isNew ? now + life : ends;
    return { value, claims, renewAt: endsAt - threshold, endsAt };
  }
}
