import fs from 'node:fs';
import path from 'node:path';
import { generatedDocuments } from './generated-documents.js';

/** Writes the documents that are made from tables; a unit test compares them. */
const root = path.resolve(import.meta.dirname, '../..');
for (const { file, render } of generatedDocuments) {
  const target = path.join(root, file);
  const before = fs.existsSync(target) ? fs.readFileSync(target, 'utf8') : '';
  fs.writeFileSync(target, render(before));
}
