import type { Database } from '../storage/database.js';
import type { StoredPassword } from './passwords.js';

/** How a user logs in with a name and a password. */
export interface Login {
  username: string;
  user: string;
  password: StoredPassword;
  /** A guest's password counts for `auth.login` only. */
  guest?: boolean;
}

/** Names and passwords of users: those of the configuration, and those that were added to the server. */
export class Logins {
  readonly #database: Database;
  readonly #configured: ReadonlyMap<string, Login>;

  constructor(database: Database, configured: readonly Login[]) {
    this.#database = database;
    this.#configured = new Map(configured.map((login) => [login.username, login]));
  }

  /** Whether there is anybody who logs in with a password. */
  get any(): boolean {
    return this.#configured.size > 0 || this.#database.get('SELECT 1 FROM logins LIMIT 1') !== undefined;
  }

  find(username: string): Login | undefined {
    const configured = this.#configured.get(username);
    if (configured !== undefined) return configured;
    const row = this.#database.get('SELECT user, password FROM logins WHERE username = ?', username);
    if (row === undefined) return undefined;
    return { username, user: String(row.user), password: { hash: String(row.password) } };
  }

  ofUser(user: string): Login | undefined {
    for (const login of this.#configured.values()) if (login.user === user) return login;
    const row = this.#database.get('SELECT username FROM logins WHERE user = ?', user);
    return row === undefined ? undefined : this.find(String(row.username));
  }

  /** Adds a user's name and the hash of the password, or replaces them. */
  put(username: string, user: string, { hash }: { hash: string }): void {
    this.#database.run('DELETE FROM logins WHERE user = ?', user);
    this.#database.run(
      'INSERT INTO logins (username, user, password) VALUES (?, ?, ?)',
      username,
      user,
      hash,
    );
  }

  remove(user: string): void {
    this.#database.run('DELETE FROM logins WHERE user = ?', user);
  }
}
