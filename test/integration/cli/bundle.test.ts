import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../../support/temporary-folder.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const BUNDLE = path.join(ROOT, 'dist/bundle');
const ADDRESS = /new URL\("([^"]+)", import\.meta\.url\)\.href/g;

test('the program runs from its bundle alone', (t) => {
  const coverage = temporaryFolder(t);
  execFileSync(process.execPath, [path.join(ROOT, 'bin/agent.js'), 'daemon', '--help'], {
    env: { ...process.env, NODE_V8_COVERAGE: coverage },
  });
  const loaded = readdirSync(coverage).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(path.join(coverage, name), 'utf8')) as {
      result: { url: string }[];
    };
    return result.map(({ url }) => url);
  });
  const own = loaded.filter((url) => url.startsWith(`file://${ROOT}/dist/`));
  t.true(
    own.some((url) => url.endsWith('/dist/bundle/main.js')),
    loaded.join('\n'),
  );
  t.deepEqual(
    own.filter((url) => !url.includes('/dist/bundle/')),
    [],
  );
});

test('a module of the bundle that names files beside it has the address of its own file', (t) => {
  const named = readdirSync(BUNDLE).flatMap((name) =>
    [...readFileSync(path.join(BUNDLE, name), 'utf8').matchAll(ADDRESS)].map(([, address = '']) => address),
  );
  t.true(named.includes('../os/detached.js'), named.join(' '));
  for (const address of named) t.true(existsSync(path.join(BUNDLE, address)), address);
});

test('what is loaded on its first use has a name that an upgrade keeps', (t) => {
  const later = readdirSync(BUNDLE).flatMap((name) =>
    [...readFileSync(path.join(BUNDLE, name), 'utf8').matchAll(/\bimport\("(\.[^"]+)"\)/g)].map(
      ([, file = '']) => file,
    ),
  );
  t.true(later.includes('./task-prepare.js'), later.join(' '));
  // The names of shared parts end with a sum of their content.
  t.deepEqual(
    later.filter((file) => /-[A-Z0-9]{8}\.js$/.test(file)),
    [],
  );
});
