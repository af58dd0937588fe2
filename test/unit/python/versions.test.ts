import test from 'ava';
import { legacyResolverFlag } from '../../../src/python/install/pip-installer.js';
import {
  requestedPython,
  satisfies,
  versionOfBinary,
} from '../../../src/python/interpreter/python-request.js';
import { compareVersions } from '../../../src/python/interpreter/version.js';
import { rangesOverlap } from '../../../src/python/interpreter/version-range.js';
import { markerHolds, markerValues } from '../../../src/python/requirements/markers.js';

test('versions are compared by their numbers', (t) => {
  const table: [a: string, operator: string, b: string, holds: boolean][] = [
    ['1.9', '~=', '1.4', true],
    ['2.0', '~=', '1.4', false],
    ['1.4.9', '~=', '1.4.2', true],
    ['1.5.0', '~=', '1.4.2', false],
    ['5.0', '==', '*', true],
    ['1.14', '!=', '1.13.*', true],
    ['24.2.1', '<', '24.3', true],
    ['1.13.0a0+936e930', '>=', '1.13.0', true],
  ];
  for (const [a, operator, b, holds] of table)
    t.is(compareVersions(a, operator, b), holds, `${a} ${operator} ${b}`);
  t.true(compareVersions('1.2.3rc1', '<', '1.2.3', { plain: false }));
});

test('ranges that touch at an open end do not overlap', (t) => {
  t.false(rangesOverlap([['<', '2.0']], [['>=', '2.0']]));
  t.true(rangesOverlap([['<=', '2.0']], [['>=', '2.0']]));
  t.true(rangesOverlap([['~=', '1']], [['==', '1.5']]));
  t.false(rangesOverlap([['==', '1.5.*']], [['>=', '1.6']]));
});

test('markers are read with their operators, words and brackets', (t) => {
  const values = markerValues({ version: '3.11.7', implementation: 'cpython', platform: 'linux-x86_64' });
  const table: [marker: string, holds: boolean][] = [
    ["python_version < '3.10'", false],
    ["python_version >= '3.10' and python_version <= '3.11'", true],
    ["sys_platform == 'win32' or (platform_machine == 'x86_64' and os_name == \"posix\")", true],
    ["'linux' in sys_platform", true],
    ["platform_system not in 'Linux Darwin'", false],
    ['no marker at all (', true],
  ];
  for (const [marker, holds] of table) t.is(markerHolds(marker, values), holds, marker);
});

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
