import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * An address that logs the folder's owner in, once and without a password. Its token is kept in memory alone: a restart, a newer
 * address and the first use each end it.
 */
export class LoginLink {
  #digest: Buffer | undefined;
  /** Address of the page as users see it. */
  page = '';

  /** A new address. The token is behind a `#`, so that browsers neither send it nor name it to other sites. */
  issue(): string {
    const token = randomBytes(24).toString('base64url');
    this.#digest = digestOf(token);
    return `${this.page}/login#token=${token}`;
  }

  /** Whether it is the token of the newest address; it no longer counts then. */
  redeem(token: string): boolean {
    const known = this.#digest;
    if (known === undefined || !timingSafeEqual(known, digestOf(token))) return false;
    this.#digest = undefined;
    return true;
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
