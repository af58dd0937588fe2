import { setImmediate as pause } from 'node:timers/promises';
import type { Database as Connection, Statement } from 'libsql';
import { AgentError, systemCode } from '../../errors.js';
import { ApiError } from '../api-error.js';
import { Changes } from './changes.js';
import { LogSync } from './log-sync.js';
import { checkFile, openError } from './open-errors.js';
import { MIGRATIONS, type Migration, SCHEMA_VERSION } from './schema.js';

/** libsql aborts the process on any other type, so no other one is let through. */
export type Bindable = string | number | Uint8Array | null;
export type Row = Record<string, unknown>;

/** Memory for pages, in KiB: the working set of a personal server is small. */
const CACHE_KIB = 4096;

/** Statements that are kept prepared: the server has about 150 of its own, and queries of lists make others. */
const MAX_STATEMENTS = 300;

/** For the moment in which another process that reads the file opens or closes it. */
const BUSY_MS = 2000;

/** Pages of the log that bring SQLite to move them into the file, which the commit waits for: 128 MB. */
const CHECKPOINT_PAGES = 32_000;

/** Requests that are committed together. */
interface Group {
  /** Settles when the commit is on disk, or has failed. */
  stored: Promise<void>;
  settle(stored: Promise<void>): void;
  /** Rows that the connection had changed before. */
  changes: number;
}

/**
 * The one connection that writes to the server's file. Everything is synchronous, so a request runs from its first
 * read to its last write without another one in between. `lockFolder` keeps other servers away; backups read beside it.
 *
 * Requests of the same turn of the event loop are committed together. SQLite writes the commit to its write-ahead log, and
 * the log is brought to the disk before any of them is answered: what was answered survives `kill -9` and a power cut.
 */
export class Database {
  readonly file: string;
  readonly changes = new Changes();
  readonly #connection: Connection;
  readonly #statements = new Map<string, Statement<unknown[]>>();
  readonly #log: LogSync;
  #group: Group | undefined;
  #depth = 0;
  #wrote: (rows: number) => void = () => undefined;

  private constructor(connection: Connection, file: string) {
    this.file = file;
    this.#connection = connection;
    this.#log = new LogSync(`${file}-wal`);
  }

  /** @throws AgentError SERVER_FOLDER when another program locks the file, or a newer version wrote it */
  static async open(file: string, migrations: readonly Migration[] = MIGRATIONS): Promise<Database> {
    const { default: Libsql } = await import('libsql');
    await checkFile(file);
    const connection = connect(() => new Libsql(file), file);
    try {
      connection.pragma(`busy_timeout = ${BUSY_MS}`);
      connection.pragma('journal_mode = WAL');
      // Syncs at checkpoints only; `grouped` syncs the log before an answer.
      connection.pragma('synchronous = NORMAL');
      connection.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      connection.pragma(`cache_size = -${CACHE_KIB}`);
      connection.exec('BEGIN IMMEDIATE; COMMIT');
      const database = new Database(connection, file);
      await database.#upgrade(database.#version(file), migrations);
      return database;
    } catch (error) {
      connection.close();
      throw openError(error, file);
    }
  }

  /** Opens the file of a running server to read beside it; all it may be asked for is `read`. */
  static async openReader(file: string): Promise<Database> {
    const { default: Libsql } = await import('libsql');
    const connection = connect(() => new Libsql(file), file);
    connection.pragma(`busy_timeout = ${BUSY_MS}`);
    connection.pragma('query_only = 1');
    connection.pragma(`cache_size = -${CACHE_KIB}`);
    return new Database(connection, file);
  }

  /** Runs `action` on one moment of what is stored. */
  read<T>(action: () => T): T {
    this.#connection.exec('BEGIN');
    try {
      return action();
    } finally {
      this.#connection.exec('COMMIT');
    }
  }

  closeReader(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  /** Moves what is in the log into the file, as far as no other reader holds it. */
  checkpoint(): void {
    this.#connection.pragma('wal_checkpoint(PASSIVE)');
  }

  /** Resolves when all that was committed before is on disk. */
  settled(): Promise<void> {
    return this.#log.settled();
  }

  run(sql: string, ...parameters: Bindable[]): number {
    return this.#prepared(sql, 'run').run(clean(parameters)).changes;
  }

  /** Adds one row; its number. */
  insert(sql: string, ...parameters: Bindable[]): number {
    return Number(this.#prepared(sql, 'run').run(clean(parameters)).lastInsertRowid);
  }

  get(sql: string, ...parameters: Bindable[]): Row | undefined {
    return this.#prepared(sql, 'get').get(clean(parameters)) as Row | undefined;
  }

  all(sql: string, ...parameters: Bindable[]): Row[] {
    return this.#prepared(sql, 'all').all(clean(parameters)) as Row[];
  }

  /** Runs `action` as one unit: all of it is stored or nothing. Inner calls become savepoints. */
  transaction<T>(action: () => T): T {
    const [begin, commit, rollback] = this.#depth === 0 ? OUTER : INNER;
    this.#connection.exec(begin);
    this.#depth += 1;
    try {
      const result = action();
      this.#connection.exec(commit);
      return result;
    } catch (error) {
      if (this.#connection.inTransaction) this.#connection.exec(rollback);
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  /**
   * Runs `action` as one unit, in one commit with others of this turn of the event loop. Its result, or error, comes when
   * what it and those before it wrote is on disk.
   */
  async grouped<T>(action: () => T): Promise<T> {
    const group = this.#group ?? this.#openGroup();
    const outcome = this.#attempt(group, action);
    await group.stored;
    return outcome();
  }

  /** Calls a listener after each group that wrote something. @param listener gets how many rows that were */
  onWrite(listener: (rows: number) => void): void {
    this.#wrote = listener;
  }

  #attempt<T>(group: Group, action: () => T): () => T {
    try {
      const value = this.transaction(action);
      return () => value;
    } catch (error) {
      // A full disk undoes the whole transaction, so that nothing of the group is stored.
      if (!this.#connection.inTransaction) this.#endGroup(group, Promise.reject(error));
      return () => {
        throw error;
      };
    }
  }

  #openGroup(): Group {
    const { promise: stored, resolve: settle } = withResolvers<void>();
    this.#connection.exec(OUTER[0]);
    this.#depth = 1;
    this.#group = { stored, settle, changes: this.#totalChanges() };
    const group = this.#group;
    setImmediate(() => this.#commitGroup(group));
    return group;
  }

  #commitGroup(group: Group): void {
    if (this.#group !== group) return;
    try {
      const rows = this.#totalChanges() - group.changes;
      this.#connection.exec('COMMIT');
      // What was read may have been written by a group before, whose sync still runs.
      if (rows > 0) this.#wrote(rows);
      this.#endGroup(group, rows > 0 ? this.#log.sync() : this.#log.settled());
    } catch (error) {
      if (this.#connection.inTransaction) this.#connection.exec('ROLLBACK');
      this.#endGroup(group, Promise.reject(error));
    }
  }

  #endGroup(group: Group, stored: Promise<void>): void {
    this.#group = undefined;
    this.#depth = 0;
    group.settle(stored);
  }

  #totalChanges(): number {
    return Number(this.get('SELECT total_changes() AS n')?.n);
  }

  /** Leaves one plain file, unless another process reads it: the write-ahead log then stays beside it. */
  close(): void {
    if (this.#group !== undefined) this.#commitGroup(this.#group);
    this.#log.close();
    this.#statements.clear();
    try {
      this.#connection.pragma('busy_timeout = 0');
      this.#connection.pragma('journal_mode = DELETE');
    } catch (error) {
      if (!KEEPS_LOG.has(systemCode(error) ?? '')) throw error;
    } finally {
      this.#connection.close();
    }
  }

  /** Of each use its own: after an `all` that found nothing, libsql's next `get` of the same statement finds nothing either. */
  #prepared(sql: string, use: 'run' | 'get' | 'all'): Statement<unknown[]> {
    const key = `${use} ${sql}`;
    const statement = this.#statements.get(key) ?? this.#connection.prepare(sql);
    // The last place is that of the statement used last.
    this.#statements.delete(key);
    this.#statements.set(key, statement);
    const [oldest] = this.#statements.keys();
    if (this.#statements.size > MAX_STATEMENTS && oldest !== undefined) this.#statements.delete(oldest);
    return statement;
  }

  /** The version of the file's tables. @throws AgentError SERVER_FOLDER when a newer server wrote them */
  #version(file: string): number {
    const version = Number(this.get('PRAGMA user_version')?.user_version ?? 0);
    if (version <= SCHEMA_VERSION) return version;
    throw new AgentError('SERVER_FOLDER', `${file} was written by a newer version (format ${version})`, {
      hint: 'Use that version, or another folder.',
    });
  }

  /** An upgrade that was interrupted resumes after the last step, which is a transaction. */
  async #upgrade(version: number, migrations: readonly Migration[]): Promise<void> {
    for (const [done, { step, statements }] of migrations.entries()) {
      if (done < version) continue;
      while (step !== undefined && this.transaction(() => step(this))) await pause();
      this.transaction(() => {
        this.#connection.exec(statements);
        this.#connection.exec(`PRAGMA user_version = ${done + 1}`);
      });
    }
  }
}

/** A reader holds the log, or the disk has no room to write it back; nothing of it is lost. */
const KEEPS_LOG: ReadonlySet<string> = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_FULL']);

/** `Promise.withResolvers` of later versions of Node. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T | Promise<T>) => void } {
  let resolve: (value: T | Promise<T>) => void = () => undefined;
  const promise = new Promise<T>((take) => {
    resolve = take;
  });
  return { promise, resolve };
}

const OUTER = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'] as const;
const INNER = ['SAVEPOINT step', 'RELEASE step', 'ROLLBACK TO step; RELEASE step'] as const;

/** libsql reads a text back only up to its first NUL; documents escape theirs, plain columns lose them. */
function clean(parameters: readonly Bindable[]): Bindable[] {
  return parameters.map((value) =>
    typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value,
  );
}

function connect(action: () => Connection, file: string): Connection {
  try {
    return action();
  } catch (error) {
    throw openError(error, file);
  }
}

/** What a failed write means to a client: a full disk differs from a bug. The cause is for the log. */
export function storageError(error: unknown): unknown {
  const code = systemCode(error);
  if (code !== 'SQLITE_FULL' && !code?.startsWith('SQLITE_IOERR')) return error;
  const told = new ApiError('low_disk_space');
  told.cause = error;
  return told;
}
