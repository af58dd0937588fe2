import { isObject, type JsonObject } from '../json.js';
import type { Database } from './database.js';

/** A setting of the whole server, by name; empty when it was never written. */
export function readSetting(database: Database, name: string): JsonObject {
  const row = database.get('SELECT value FROM settings WHERE name = ?', name);
  const value: unknown = row === undefined ? undefined : JSON.parse(String(row.value));
  return isObject(value) ? value : {};
}

export function writeSetting(database: Database, name: string, value: JsonObject): void {
  const sql =
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';
  database.run(sql, name, JSON.stringify(value));
}
