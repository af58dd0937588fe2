import test from 'ava';
import { joinKey, leaves, mergeTrees, setAt, splitKey, valueAt } from '../../../src/config/tree.js';

test('sections merge, anything else is replaced, the arguments stay', (t) => {
  const lower = { a: { b: 1, c: [1] }, d: 1 };
  t.deepEqual(mergeTrees(lower, { a: { c: [2], e: null }, d: { f: 1 } }), {
    a: { b: 1, c: [2], e: null },
    d: { f: 1 },
  });
  t.deepEqual(lower, { a: { b: 1, c: [1] }, d: 1 });
});

test('keys with dots are quoted', (t) => {
  for (const path of [
    ['a', 'b'],
    ['a', 'b.c', 'd'],
    ['', 'x'],
  ])
    t.deepEqual(splitKey(joinKey(path)), path);
  t.is(joinKey(['hosts', 'a.b']), 'hosts."a.b"');
});

test('a plain value in the way gives way', (t) => {
  const tree = { a: 1 };
  setAt(tree, ['a', 'b'], 2);
  t.is(valueAt(tree, ['a', 'b']), 2);
  t.is(valueAt(tree, ['a', 'b', 'c']), undefined);
  t.is(valueAt(tree, ['constructor']), undefined);
});

test('the leaves of a tree with their paths', (t) => {
  t.deepEqual(
    [...leaves({ a: { b: 1, c: {} }, d: [{ e: 1 }] })],
    [
      [['a', 'b'], 1],
      [['a', 'c'], {}],
      [['d'], [{ e: 1 }]],
    ],
  );
});
