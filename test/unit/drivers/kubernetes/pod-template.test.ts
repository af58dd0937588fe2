import test from 'ava';
import { mergeTemplates } from '../../../../src/drivers/kubernetes/pod-template.js';

const CASES: Record<string, [under: object, over: object, merged: object]> = {
  'objects field by field': [{ a: { b: 1, c: 2 } }, { a: { c: 3, d: 4 } }, { a: { b: 1, c: 3, d: 4 } }],
  'lists by their key': [
    { env: [{ name: 'A', value: '1' }, { name: 'B' }] },
    { env: [{ name: 'C' }, { name: 'A', value: '2' }] },
    { env: [{ name: 'A', value: '2' }, { name: 'B' }, { name: 'C' }] },
  ],
  'other lists as a whole': [{ args: ['a', 'b'] }, { args: ['c'] }, { args: ['c'] }],
  'null removes': [{ a: 1, b: { c: 1, d: 2 } }, { a: null, b: { c: null } }, { b: { d: 2 } }],
  'an object over a text': [{ a: 'x' }, { a: { b: 1 } }, { a: { b: 1 } }],
};

for (const [title, [under, over, merged]] of Object.entries(CASES)) {
  test(`templates merge: ${title}`, (t) => {
    t.deepEqual(mergeTemplates({ ...under }, { ...over }), { ...merged });
  });
}
