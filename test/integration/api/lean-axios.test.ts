import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';

const MODULE = pathToFileURL(path.resolve(import.meta.dirname, '../../../dist/api/axios.js')).href;
/** By plain Node: the loader of the tests requires more for itself. */
const PROGRAM = `
  const { loadAxios } = await import(${JSON.stringify(MODULE)});
  const before = new Set(process.moduleLoadList);
  loadAxios();
  const loaded = process.moduleLoadList.filter((name) => !before.has(name));
  const { get } = Object.getOwnPropertyDescriptor(globalThis, 'Request');
  console.log(JSON.stringify({ loaded, looksAreFree: get !== undefined }));`;

test('axios loads neither HTTP/2 nor the streams of the web, unless Node makes its globals at a look', (t) => {
  const words = ['--input-type=module', '--eval', PROGRAM];
  const text = execFileSync(process.execPath, words, { encoding: 'utf8', env: { PATH: process.env.PATH } });
  const { loaded, looksAreFree }: { loaded: string[]; looksAreFree: boolean } = JSON.parse(text);
  t.true(loaded.includes('NativeModule zlib'));
  // Node 24 makes them when their property is looked at or replaced; nothing can hide them from axios there.
  t.is(
    loaded.some((name) => /http2|webstreams/.test(name)),
    !looksAreFree,
  );
});
