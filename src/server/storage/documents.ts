import type { JsonObject } from '../json.js';
import type { Bindable, Database } from './database.js';
import { DocumentColumns } from './document-columns.js';

/** Documents read at once by a scan: enough to be quick, few enough to keep memory flat. */
const SCAN_SIZE = 200;

export interface Stored extends JsonObject {
  id: string;
}

/** Narrows a scan by the columns of the table: SQL with `?`, and what to bind. */
export interface Narrowing {
  where: string;
  parameters: readonly Bindable[];
}

/** A table of JSON documents with an id each. */
export class Documents<T extends Stored> {
  readonly #database: Database;
  readonly #table: 'users' | 'projects' | 'tasks' | 'models' | 'queues';
  /** What lists are filtered and ordered by, for the tables that grow large. */
  readonly #columns: DocumentColumns | undefined;

  constructor(database: Database, table: 'users' | 'projects' | 'tasks' | 'models' | 'queues') {
    this.#database = database;
    this.#table = table;
    this.#columns = table === 'tasks' ? new DocumentColumns(database) : undefined;
  }

  find(id: string): T | undefined {
    return this.#parse(this.#database.get(`SELECT body FROM ${this.#table} WHERE id = ?`, id)?.body);
  }

  has(id: string): boolean {
    return this.#database.get(`SELECT 1 FROM ${this.#table} WHERE id = ?`, id) !== undefined;
  }

  /** Stores a document; fields that are `undefined` or null vanish, as they do on the wire. */
  put(document: T): void {
    const columns = this.#columns;
    this.#changed(document.id);
    if (columns === undefined) {
      this.#write(document);
      return;
    }
    this.#database.transaction(() => {
      this.#write(document);
      columns.write(document);
    });
  }

  delete(id: string): boolean {
    this.#changed(id);
    return this.#database.transaction(() => {
      this.#columns?.delete(id);
      return this.#database.run(`DELETE FROM ${this.#table} WHERE id = ?`, id) > 0;
    });
  }

  count(narrowing: Narrowing): number {
    const sql = `SELECT count(*) AS n FROM ${this.#table} WHERE ${narrowing.where}`;
    return Number(this.#database.get(sql, ...narrowing.parameters)?.n ?? 0);
  }

  /** All documents (of the narrowing) by id, read in portions. */
  *scan(narrowing: Narrowing = { where: '1', parameters: [] }): Generator<T> {
    const sql = `SELECT id, body FROM ${this.#table} WHERE id > ? AND ${narrowing.where} ORDER BY id LIMIT ${SCAN_SIZE}`;
    let last = '';
    for (;;) {
      const rows = this.#database.all(sql, last, ...narrowing.parameters);
      for (const row of rows) {
        const document = this.#parse(row.body);
        if (document !== undefined) yield document;
      }
      if (rows.length < SCAN_SIZE) return;
      last = String(rows.at(-1)?.id);
    }
  }

  #changed(id: string): void {
    if (this.#table === 'tasks' || this.#table === 'queues') this.#database.changes.note(this.#table, id);
  }

  #write(document: T): void {
    this.#database.run(
      `INSERT INTO ${this.#table} (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body`,
      document.id,
      JSON.stringify(document),
    );
  }

  #parse(body: unknown): T | undefined {
    return typeof body === 'string' ? (JSON.parse(body) as T) : undefined;
  }
}
