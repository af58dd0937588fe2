export interface LoginLimitSettings {
  /** Wrong passwords of one account in the window. */
  perAccount: number;
  /** Wrong passwords from one address in the window, of any account. */
  perAddress: number;
  windowMs: number;
}

/** Accounts and addresses that are remembered; the oldest are forgotten first. */
const MOST_ENTRIES = 10_000;

/**
 * Counts wrong passwords by account and by address. An attempt counts from its beginning, so that many at once are no way
 * around the limit. Addresses from which an account logged in before are not held up by what others try on it.
 */
export class LoginLimits {
  readonly #settings: LoginLimitSettings;
  readonly #attempts = new Map<string, number[]>();
  readonly #trusted = new Set<string>();

  constructor(settings: LoginLimitSettings) {
    this.#settings = settings;
  }

  /**
   * Notes an attempt.
   *
   * @returns seconds to wait where there were too many; then the attempt does not count
   */
  begin(account: string, address: string, now: number): number | undefined {
    const { perAccount, perAddress } = this.#settings;
    const limits = [
      ...(this.#trusted.has(pairOf(account, address)) ? [] : [[accountKey(account), perAccount] as const]),
      [addressKey(address), perAddress] as const,
    ];
    for (const [key, most] of limits) {
      const recent = this.#recent(key, now);
      if (recent.length >= most)
        return Math.ceil(((recent[0] ?? now) + this.#settings.windowMs - now) / 1000);
    }
    for (const key of [accountKey(account), addressKey(address)]) this.#note(key, now);
    return undefined;
  }

  /** The attempt had the right password. */
  succeeded(account: string, address: string): void {
    for (const key of [accountKey(account), addressKey(address)]) this.#attempts.get(key)?.pop();
    remember(this.#trusted, pairOf(account, address));
  }

  #note(key: string, now: number): void {
    const times = [...this.#recent(key, now), now];
    this.#attempts.delete(key);
    this.#attempts.set(key, times);
    const [oldest] = this.#attempts.keys();
    if (this.#attempts.size > MOST_ENTRIES && oldest !== undefined) this.#attempts.delete(oldest);
  }

  #recent(key: string, now: number): number[] {
    const after = now - this.#settings.windowMs;
    return (this.#attempts.get(key) ?? []).filter((time) => time > after);
  }
}

function remember(set: Set<string>, entry: string): void {
  set.delete(entry);
  set.add(entry);
  const [oldest] = set;
  if (set.size > MOST_ENTRIES && oldest !== undefined) set.delete(oldest);
}

function accountKey(account: string): string {
  return `account ${account}`;
}

function addressKey(address: string): string {
  return `address ${address}`;
}

function pairOf(account: string, address: string): string {
  return JSON.stringify([account, address]);
}
