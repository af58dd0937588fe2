import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SEEDS } from './seeds.js';

const FOLDER = path.resolve(import.meta.dirname, 'corpus');

/** Texts that broke a parser once, by the names of their files; they are kept and tried by `npm test`. */
export function findings(target: string): readonly { name: string; text: string }[] {
  const folder = path.join(FOLDER, target);
  const names = readdirSync(FOLDER).includes(target) ? readdirSync(folder) : [];
  return names.sort().map((name) => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }));
}

/** @returns the path of the file */
export function keepFinding(target: string, text: string): string {
  const folder = path.join(FOLDER, target);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, createHash('sha256').update(text).digest('hex').slice(0, 12));
  writeFileSync(file, text);
  return file;
}

/** What a run begins with: well-formed texts of the format, and all that broke it before. */
export function seedsOf(target: string): string[] {
  return [...(SEEDS[target]?.() ?? []), ...findings(target).map(({ text }) => text)];
}
