import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { generatedDocuments } from '../../docs/generated-documents.js';

const root = path.resolve(import.meta.dirname, '../../..');

for (const { file, render } of generatedDocuments) {
  test(`${file} is what its table says; npm run docs writes it`, (t) => {
    const text = fs.readFileSync(path.join(root, file), 'utf8');
    t.is(text, render(text));
  });
}
