import { createHash, randomBytes } from 'node:crypto';
import { isoDate } from '../dates.js';
import type { Database } from '../storage/database.js';

/** Who asks. */
export interface Identity {
  user: string;
  userName: string;
  company: string;
  role: string;
  /** The session of the token that was shown, if it was a token. */
  session?: string;
  /** Of a token that an agent was given for the tasks of this user. */
  scope?: 'task';
}

export interface KeyPair {
  accessKey: string;
  secretKey: string;
}

/** What clients see of a pair. */
export type ShownKeys = { access_key: string } & {
  [K in 'label' | 'role' | 'last_used' | 'last_used_from']?: string;
};

const NOTED_EVERY_MS = 60_000;

export const COMPANY_NAME = 'clearml';

/** A new pair; 256 random bits in the secret. */
export function newKeyPair(): KeyPair {
  return {
    accessKey: randomBytes(15).toString('hex').toUpperCase(),
    secretKey: randomBytes(32).toString('base64url'),
  };
}

/** Users' key pairs and the sessions that were ended before their tokens expired. */
export class Accounts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Stores a pair for a user; repeating it is harmless.
   *
   * @param role what the pair may do, where that is less than what its user may do
   */
  addKeys(keys: KeyPair, user: string, { label, role }: { label?: string; role?: string } = {}): void {
    this.#database.run(
      `INSERT INTO credentials (access_key, secret_digest, user, label, role) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (access_key) DO UPDATE SET secret_digest = excluded.secret_digest, user = excluded.user`,
      keys.accessKey,
      digest(keys.secretKey),
      user,
      label ?? null,
      role ?? null,
    );
  }

  /** The user whose pair this is, and the role of the pair if it has one. */
  userOfKeys(keys: KeyPair): { user: string; role?: string } | undefined {
    const row = this.#database.get(
      'SELECT user, role FROM credentials WHERE access_key = ? AND secret_digest = ?',
      keys.accessKey,
      digest(keys.secretKey),
    );
    return row === undefined ? undefined : { user: String(row.user), ...optional('role', row.role) };
  }

  /** The user whose pair has this access key. */
  holderOf(accessKey: string): string | undefined {
    const row = this.#database.get('SELECT user FROM credentials WHERE access_key = ?', accessKey);
    return row === undefined ? undefined : String(row.user);
  }

  /** Notes a use; not each of many in a minute, because every note waits for the disk. */
  markUsed(accessKey: string, from: string, now: number): void {
    this.#database.run(
      `UPDATE credentials SET last_used = ?, last_used_from = ? WHERE access_key = ?
       AND (last_used IS NULL OR last_used < ? OR last_used_from <> ?)`,
      isoDate(now),
      from,
      accessKey,
      isoDate(now - NOTED_EVERY_MS),
      from,
    );
  }

  /** Pairs of a user, without their secrets, which are not kept. */
  keysOf(user: string): ShownKeys[] {
    const sql = 'SELECT access_key, label, role, last_used, last_used_from FROM credentials WHERE user = ?';
    return this.#database.all(sql, user).map((row) => ({
      access_key: String(row.access_key),
      ...optional('label', row.label),
      ...optional('role', row.role),
      ...optional('last_used', row.last_used),
      ...optional('last_used_from', row.last_used_from),
    }));
  }

  relabel(accessKey: string, user: string, label: string | undefined): boolean {
    const sql = 'UPDATE credentials SET label = ? WHERE access_key = ? AND user = ?';
    return this.#database.run(sql, label ?? null, accessKey, user) > 0;
  }

  revoke(accessKey: string, user: string): boolean {
    return (
      this.#database.run('DELETE FROM credentials WHERE access_key = ? AND user = ?', accessKey, user) > 0
    );
  }

  /** Revokes the pairs of a user, but for one. */
  keepOnly(user: string, accessKey = ''): void {
    this.#database.run('DELETE FROM credentials WHERE user = ? AND access_key <> ?', user, accessKey);
  }

  /** Ends a session until its token would have expired. */
  endSession(session: string, expires: number, now: number): void {
    this.#database.run('DELETE FROM ended_sessions WHERE expires < ?', now);
    this.#database.run('INSERT OR REPLACE INTO ended_sessions VALUES (?, ?)', session, expires);
  }

  isEnded(session: string): boolean {
    return this.#database.get('SELECT 1 FROM ended_sessions WHERE session = ?', session) !== undefined;
  }
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function optional<K extends string>(key: K, value: unknown): { [P in K]?: string } {
  return typeof value === 'string' ? ({ [key]: value } as { [P in K]?: string }) : {};
}
