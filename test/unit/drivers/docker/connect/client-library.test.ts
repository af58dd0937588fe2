import { createRequire } from 'node:module';
import test from 'ava';
import { loadClientLibrary } from '../../../../../src/drivers/docker/connect/client-library.js';

const require = createRequire(import.meta.url);
const dockerModem = createRequire(createRequire(require.resolve('dockerode')).resolve('docker-modem'));

test('the client library loads without ssh2, grpc and protobuf, and says so where one is called', (t) => {
  t.is(typeof loadClientLibrary(), 'function');
  const loaded = Object.keys(require.cache).filter((file) => /\/(ssh2|@grpc|protobufjs)\//.test(file));
  t.deepEqual(loaded, []);
  t.throws(() => dockerModem('./ssh')({ host: 'h' }), { message: /ssh2 is not loaded/ });
});

test('another module of the process gets the real libraries', (t) => {
  loadClientLibrary();
  t.is(typeof dockerModem('ssh2').utils.parseKey, 'function');
  t.notThrows(() => dockerModem('ssh2').utils.parseKey('none'));
});
