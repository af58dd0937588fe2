import { createRequire } from 'node:module';
import test from 'ava';
import { loadAxios } from '../../../src/api/axios.js';

const require = createRequire(import.meta.url);

test('axios loads without the libraries that the agent does not use; another module gets the real ones', (t) => {
  t.is(typeof loadAxios().create, 'function');
  const loaded = Object.keys(require.cache).filter((file) =>
    /\/(form-data|follow-redirects|https-proxy-agent|mime-db)\//.test(file),
  );
  t.deepEqual(loaded, []);
  t.is(typeof require('node:http2').connect, 'function');
  t.is(typeof ReadableStream, 'function');
});
