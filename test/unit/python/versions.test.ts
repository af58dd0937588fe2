import test from 'ava';
import { legacyResolverFlag } from '../../../src/python/install/pip-installer.js';
import {
  requestedPython,
  satisfies,
  versionOfBinary,
} from '../../../src/python/interpreter/python-request.js';

test('the old resolver of pip is used for the versions that are configured', (t) => {
  const flag = ['--use-deprecated=legacy-resolver'];
  t.deepEqual(legacyResolverFlag('23.0.1', ['>=20.3,<24.3']), flag);
  t.deepEqual(legacyResolverFlag('24.3', ['>=20.3,<24.3']), []);
  t.deepEqual(legacyResolverFlag('19.0', ['>=20.3,<24.3', '==19.*']), flag);
  t.deepEqual(legacyResolverFlag('23.0.1', ['']), []);
});

test("the task's Python comes before the configured one, by its major and minor version alone", (t) => {
  const settings = { binary: '/opt/bin/python3.9', defaultVersion: '3.12.1', ignoreRequested: false };
  t.is(requestedPython('/usr/bin/python3.8', settings).version, '3.8');
  t.deepEqual(requestedPython('python', settings), {
    version: undefined,
    program: '/opt/bin/python3.9',
    by: 'agent.python_binary',
  });
  t.is(requestedPython('python3.8', { ...settings, ignoreRequested: true }).program, '/opt/bin/python3.9');
  t.is(requestedPython('/bin/bash', { ...settings, binary: undefined }).version, '3.12');
  t.is(versionOfBinary('python3.10.4'), '3.10');
  t.is(versionOfBinary('C:\\Python\\python3.7.exe'), '3.7');
  t.false(satisfies('3.10.4', '3.1'));
  t.false(satisfies('2.7.18', undefined));
});
