import type { JsonObject } from '../json.js';
import { columnValues, type Term } from './column-values.js';
import type { Bindable, Database } from './database.js';

/**
 * What lists of tasks are filtered and ordered by, beside the documents: columns (`task_columns`), the values of fields and
 * parameters (`terms`, `task_terms`) and an index of all runs of three characters in texts (`task_text`).
 */
export class DocumentColumns {
  readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** Notes a document that is written; only what changed. */
  write(document: JsonObject & { id: string }): void {
    const { columns, terms, content } = columnValues(document);
    const known = this.database.get('SELECT * FROM task_columns WHERE id = ?', document.id);
    const names = Object.keys(columns).filter((name) => known === undefined || known[name] !== columns[name]);
    if (names.length === 0) return;
    const row = known === undefined ? this.#insert(document.id, columns) : Number(known.row);
    if (known !== undefined) {
      const changes = names.map((name) => `${name} = ?`).join(', ');
      const values = names.map((name) => columns[name] ?? null);
      this.database.run(`UPDATE task_columns SET ${changes} WHERE row = ?`, ...values, row);
    }
    if (names.includes('terms')) this.#writeTerms(row, terms, known === undefined);
    if (!names.includes('content')) return;
    if (known !== undefined) this.database.run('DELETE FROM task_text WHERE rowid = ?', row);
    this.database.run('INSERT INTO task_text (rowid, content) VALUES (?, ?)', row, content);
  }

  delete(id: string): void {
    const known = this.database.get('SELECT row FROM task_columns WHERE id = ?', id);
    if (known === undefined) return;
    const row = Number(known.row);
    this.#writeTerms(row, [], false);
    this.database.run('DELETE FROM task_text WHERE rowid = ?', row);
    this.database.run('DELETE FROM task_columns WHERE row = ?', row);
  }

  #insert(id: string, columns: Readonly<Record<string, Bindable>>): number {
    const names = Object.keys(columns);
    const sql = `INSERT INTO task_columns (id, ${names.join(', ')}) VALUES (?${', ?'.repeat(names.length)})`;
    return this.database.insert(sql, id, ...names.map((name) => columns[name] ?? null));
  }

  #writeTerms(row: number, terms: readonly Term[], isNew: boolean): void {
    const rows = isNew ? [] : this.database.all('SELECT term FROM task_terms WHERE row = ?', row);
    const old = new Set(rows.map(({ term }) => Number(term)));
    for (const term of new Set(terms.map((each) => this.#termId(each)))) {
      if (old.delete(term)) continue;
      this.database.run('INSERT INTO task_terms (term, row) VALUES (?, ?)', term, row);
    }
    for (const term of old) {
      this.database.run('DELETE FROM task_terms WHERE term = ? AND row = ?', term, row);
      const sql = 'DELETE FROM terms WHERE term = ? AND NOT EXISTS (SELECT 1 FROM task_terms WHERE term = ?)';
      this.database.run(sql, term, term);
    }
  }

  #termId([path, value]: Term): number {
    const sql = 'SELECT term FROM terms WHERE path = ? AND value = ?';
    const known = this.database.get(sql, path, value);
    if (known !== undefined) return Number(known.term);
    return this.database.insert('INSERT INTO terms (path, value) VALUES (?, ?)', path, value);
  }
}
