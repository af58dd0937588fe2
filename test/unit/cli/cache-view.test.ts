import test from 'ava';
import type { CachedItem } from '../../../src/cli/cache/cached-item.js';
import { listJson, pruneJson } from '../../../src/cli/cache/view.js';

const NAME = 'https://host/a\u009b31m\u202eb\u001b[2J';
const item: CachedItem = {
  kind: 'mirrors',
  what: NAME,
  folder: '/cache/a',
  bytes: 1,
  lastUsed: new Date(0),
  hold: undefined,
  remove: async () => undefined,
};

test('the JSON of the cache shows no raw control and reads back the same', (t) => {
  const texts = [
    listJson([item], ['mirrors']),
    pruneJson({ removed: [{ item, why: NAME }], stays: [], kinds: ['mirrors'], dryRun: true }),
  ];
  for (const text of texts) {
    t.notRegex(text, /[^\P{Cc}\n]|\u202e/u);
    t.true(JSON.stringify(JSON.parse(text)).includes(JSON.stringify(NAME)));
  }
});
