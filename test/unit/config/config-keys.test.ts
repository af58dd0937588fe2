import test from 'ava';
import { Config } from '../../../src/config/config.js';
import { OPTIONS } from '../../../src/config/options/option-table.js';

test('every key of the table can be read by its path, and what is no key is no member', (t) => {
  const config: object = new Config({ env: {}, base: [] });
  const at = (path: string) =>
    path
      .split('.')
      .reduce<unknown>((above, name) => (isObject(above) ? Reflect.get(above, name) : above), config);
  for (const { key, shipped, fallback = shipped } of OPTIONS) {
    const path = key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    if (fallback === undefined || fallback === null || fallback === '') t.is(at(path), undefined, key);
    else t.deepEqual(at(path), fallback, key);
  }
  t.is(at('agent.killGrace'), undefined);
});

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
