import { access, constants, stat } from 'node:fs/promises';
import type { Database as Connection, Statement } from 'libsql';
import { AgentError, systemCode } from '../../errors.js';
import { ApiError } from '../api-error.js';
import { MIGRATIONS, SCHEMA_VERSION } from './schema.js';

/** libsql aborts the process on any other type, so no other one is let through. */
export type Bindable = string | number | null;
export type Row = Record<string, unknown>;

/** Memory for pages, in KiB: the working set of a personal server is small. */
const CACHE_KIB = 4096;

/** For the moment in which another process that reads the file opens or closes it. */
const BUSY_MS = 2000;

/**
 * The one connection that writes to the server's file. Everything is synchronous, so a request runs from its first
 * read to its commit without another one in between. `lockFolder` keeps other servers away; backups read beside it.
 *
 * Write-ahead log with a sync at each commit: what was answered survives `kill -9` and a power cut.
 */
export class Database {
  readonly #connection: Connection;
  readonly #statements = new Map<string, Statement<unknown[]>>();
  #depth = 0;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @throws AgentError SERVER_FOLDER when another program locks the file, or a newer version wrote it */
  static async open(file: string): Promise<Database> {
    const { default: Libsql } = await import('libsql');
    await checkFile(file);
    const connection = connect(() => new Libsql(file), file);
    try {
      connection.pragma(`busy_timeout = ${BUSY_MS}`);
      connection.pragma('journal_mode = WAL');
      connection.pragma('synchronous = FULL');
      connection.pragma(`cache_size = -${CACHE_KIB}`);
      connection.exec('BEGIN IMMEDIATE; COMMIT');
      const database = new Database(connection);
      database.#upgrade(file);
      return database;
    } catch (error) {
      connection.close();
      throw openError(error, file);
    }
  }

  run(sql: string, ...parameters: Bindable[]): number {
    return this.#prepared(sql).run(clean(parameters)).changes;
  }

  get(sql: string, ...parameters: Bindable[]): Row | undefined {
    return this.#prepared(sql).get(clean(parameters)) as Row | undefined;
  }

  all(sql: string, ...parameters: Bindable[]): Row[] {
    return this.#prepared(sql).all(clean(parameters)) as Row[];
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

  /** Leaves one plain file, unless another process reads it: the write-ahead log then stays beside it. */
  close(): void {
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

  #prepared(sql: string): Statement<unknown[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #upgrade(file: string): void {
    const version = Number(this.get('PRAGMA user_version')?.user_version ?? 0);
    if (version > SCHEMA_VERSION) {
      throw new AgentError('SERVER_FOLDER', `${file} was written by a newer version (format ${version})`, {
        hint: 'Use that version, or another folder.',
      });
    }
    for (const [done, statements] of MIGRATIONS.entries())
      if (done >= version) this.#migrate(statements, done + 1);
  }

  /** One version is one transaction, so an interrupted upgrade resumes after the last complete one. */
  #migrate(statements: string, version: number): void {
    this.transaction(() => {
      this.#connection.exec(statements);
      this.#connection.exec(`PRAGMA user_version = ${version}`);
    });
  }
}

/** A reader holds the log, or the disk has no room to write it back; nothing of it is lost. */
const KEEPS_LOG: ReadonlySet<string> = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_FULL']);

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

function openError(error: unknown, file: string): unknown {
  if (error instanceof AgentError) return error;
  const code = systemCode(error);
  if (code === 'SQLITE_BUSY') {
    return new AgentError('SERVER_FOLDER', `another program is using ${file}`, {
      hint: 'Stop that program, or choose another folder.',
      cause: error,
    });
  }
  if (code === undefined) return error;
  const [, reason = code, hint = OTHER_FOLDER] = REASONS.find(([name]) => isCode(code, name)) ?? [];
  return new AgentError('SERVER_FOLDER', `cannot open ${file}: ${reason}`, { hint, cause: error });
}

/** Codes have forms that say more, such as `SQLITE_IOERR_READ`. */
function isCode(code: string, name: string): boolean {
  return code === name || (name !== '' && code.startsWith(`${name}_`));
}

const OTHER_FOLDER = 'Name another folder with --folder.';
const RESTORE = 'Restore it from a copy, or move it away: the server then begins with an empty one.';

/** What codes of the library mean; it has none for a file that it cannot open. */
const REASONS: readonly [code: string, reason: string, hint?: string][] = [
  ['SQLITE_NOTADB', 'it is not a database', RESTORE],
  ['SQLITE_CORRUPT', 'the database is damaged', RESTORE],
  ['SQLITE_READONLY', 'it cannot be written'],
  ['SQLITE_FULL', 'there is no space left on its disk'],
  ['SQLITE_IOERR', 'its disk reports an error'],
  ['SQLITE_CANTOPEN', 'this user may not open it, or its folder does not exist'],
  ['', 'this user may not open it, or its folder does not exist'],
];

/** The library's words for a file that it cannot open are its own. */
async function checkFile(file: string): Promise<void> {
  const problem = await access(file, constants.R_OK | constants.W_OK).then(
    async () => ((await stat(file)).isFile() ? undefined : 'a database is expected there, found a folder'),
    (error: unknown) => FILE_PROBLEMS[systemCode(error) ?? ''],
  );
  if (problem !== undefined)
    throw new AgentError('SERVER_FOLDER', `cannot open ${file}: ${problem}`, { hint: OTHER_FOLDER });
}

const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read and write it',
  EPERM: 'this user may not read and write it',
  EROFS: 'its file system is read-only',
  ELOOP: 'a link on its path leads to itself',
  ENOTDIR: 'its path leads through a file',
};

/** What a failed write means to a client: a full disk differs from a bug. The cause is for the log. */
export function storageError(error: unknown): unknown {
  const code = systemCode(error);
  if (code !== 'SQLITE_FULL' && !code?.startsWith('SQLITE_IOERR')) return error;
  const told = new ApiError('low_disk_space');
  told.cause = error;
  return told;
}
