import test from 'ava';
import { carriedPaths, carriedSettings } from '../../../src/python/containers/carried-settings.js';
import { readSurvey } from '../../../src/python/containers/container-survey.js';
import { hasPackages } from '../../../src/python/inherited-packages.js';
import { chooseManaged, readManaged } from '../../../src/python/interpreter/managed-interpreter.js';

test('settings of pip and uv are carried below those of the container, with paths as it has them', (t) => {
  const host = {
    PIP_INDEX_URL: 'https://user:secret@index.example/simple',
    PIP_CERT: '/etc/ca.pem',
    UV_FIND_LINKS: '/srv/wheels,file:///srv/more,https://links.example',
    UV_INDEX_PRIVATE_PASSWORD: 'secret',
    PIP_CONSTRAINT: '/home/u/constraints.txt',
    HTTPS_PROXY: 'http://proxy:3128',
    PIP_CACHE_DIR: '/home/u/.cache/pip',
    PIP_TARGET: '/home/u/packages',
    UV_CACHE_DIR: '/home/u/.cache/uv',
    PATH: '/usr/bin',
    PIP_PRE: '',
  };
  const inside = (file: string): string => file.replace(/^\/(?:etc|srv)\//, '/mounted/');
  t.deepEqual(carriedPaths(host, inside), [
    '/mounted/ca.pem',
    '/mounted/wheels',
    '/mounted/more',
    '/home/u/constraints.txt',
  ]);
  const there = new Set(['/mounted/ca.pem', '/mounted/wheels', '/mounted/more']);
  const environment = { HTTPS_PROXY: 'http://own:1', PIP_PRE: '' };
  t.deepEqual(carriedSettings(host, { environment, there, inside }), {
    PIP_INDEX_URL: 'https://user:secret@index.example/simple',
    PIP_CERT: '/mounted/ca.pem',
    UV_FIND_LINKS: '/mounted/wheels,file:///mounted/more,https://links.example',
    UV_INDEX_PRIVATE_PASSWORD: 'secret',
  });
});

test('an interpreter of this machine is chosen by machine, C library and version', (t) => {
  const all = readManaged('/uv', [
    'cpython-3.9.18-linux-x86_64-gnu',
    'cpython-3.12.4-linux-x86_64-gnu',
    'cpython-3.12.10-linux-x86_64-gnu',
    'cpython-3.13.1+freethreaded-linux-x86_64-gnu',
    'cpython-3.12.4-linux-x86_64-musl',
    'cpython-3.14.0-linux-aarch64-gnu',
    'cpython-3.12-linux-x86_64-gnu',
    'pypy-3.10.14-linux-x86_64-gnu',
    '.lock',
  ]);
  const choose = (machine: string, libc: 'glibc' | 'musl' | 'none', version?: string) =>
    chooseManaged(all, { machine, libc }, { version })?.folder;
  t.is(choose('x86_64', 'glibc'), '/uv/cpython-3.12.10-linux-x86_64-gnu');
  t.is(choose('x86_64', 'glibc', '3.9'), '/uv/cpython-3.9.18-linux-x86_64-gnu');
  t.is(choose('x86_64', 'glibc', '3.8'), '/uv/cpython-3.12.10-linux-x86_64-gnu');
  t.is(choose('x86_64', 'glibc', '2.7'), undefined);
  t.is(choose('x86_64', 'musl', '3'), '/uv/cpython-3.12.4-linux-x86_64-musl');
  t.is(choose('aarch64', 'musl'), undefined);
  t.is(choose('x86_64', 'none'), undefined);
});

test('a survey is read', (t) => {
  const found = readSurvey(
    [
      'machine x86_64',
      'libc glibc',
      'libcVersion glibc 2.36',
      'library libGL.so.1',
      'program git',
      'path /etc/ca.pem',
      'folder /usr/lib/python3/dist-packages',
      'package six-1.16.0.egg-info',
      'folder /usr/local/lib/python3.11/dist-packages',
      'writable /tmp',
      'text /etc/pip.conf',
      '|[global]',
      '|',
      '|index-url = x',
      '== programs',
      'p /usr/bin/python3',
      '--',
      '/usr/bin/python3.11',
      '--',
      '17-42',
      '',
    ].join('\n'),
  );
  t.like(found, { machine: 'x86_64', libc: 'glibc', libcVersion: '2.36', openCvLibraries: false });
  t.deepEqual([...found.programs, ...found.paths, ...found.writable], ['git', '/etc/ca.pem', '/tmp']);
  t.deepEqual([...found.texts], [['/etc/pip.conf', '[global]\n\nindex-url = x\n']]);
  t.deepEqual(
    [...found.packages],
    [
      ['/usr/lib/python3/dist-packages', ['six-1.16.0.egg-info']],
      ['/usr/local/lib/python3.11/dist-packages', []],
    ],
  );
  t.deepEqual(found.candidates, [
    { program: '/usr/bin/python3', real: '/usr/bin/python3.11', stamp: '17-42', onPath: true },
  ]);
});

test('package installers are not listed as packages', (t) => {
  t.false(hasPackages(['pip-24.0.dist-info', 'setuptools-66.1.1.egg-info', 'wheel-0.38.dist-info']));
  t.true(hasPackages(['pip-24.0.dist-info', 'PyYAML-6.0.dist-info']));
});
