import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { LocalPlace } from '../../../src/drivers/local/local-place.js';
import { API_SECRETS, GIT_LOGIN } from '../../../src/os/child-environment.js';
import { run } from '../../../src/os/exec.js';
import { ProcessStream } from '../../../src/os/process-stream.js';
import { git } from '../../../src/repository/git.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PROGRAMS = ['git', 'pip', 'uv', 'conda', 'poetry', 'docker-credential-x', 'nvidia-smi', 'ssh'];

test('no program that the agent runs for itself sees what logs in to the API server', async (t) => {
  const bin = temporaryFolder(t);
  const seen = path.join(bin, 'seen');
  for (const name of PROGRAMS) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\necho "== ${name}" >>"${seen}"\nenv >>"${seen}"\n`);
    chmodSync(path.join(bin, name), 0o755);
  }
  const secrets = Object.fromEntries(API_SECRETS.map((name) => [name, 'the-secret-of-the-api']));
  const env = { PATH: `${bin}:${process.env.PATH}`, KEPT: 'yes', CLEARML_API_HOST: 'http://h', ...secrets };
  const signal = new AbortController().signal;
  await git({ args: ['version'], cwd: bin, env, signal });
  for (const name of PROGRAMS) await run([name], { env });
  const place = new LocalPlace({ kind: 'local', taskId: 't', runFolder: bin, marker: 'm' }, env);
  for (const name of ['pip', 'uv', 'conda', 'poetry'] as const) {
    await place.exec({ argv: [name] });
    await place.exec({ argv: [name], env: secrets });
  }
  const stream = new ProcessStream(['ssh'], env);
  await new Promise((resolve) => stream.once('end', resolve).resume());
  const text = readFileSync(seen, 'utf8');
  t.deepEqual([...new Set(text.match(/^== .*$/gm))].sort(), PROGRAMS.map((name) => `== ${name}`).sort());
  t.false(text.includes('the-secret-of-the-api'), text);
  t.true(text.includes('KEPT=yes') && text.includes('CLEARML_API_HOST=http://h'));
});

test('only git sees the login of git', async (t) => {
  const login = Object.fromEntries(GIT_LOGIN.map((name) => [name, 'the-login-of-git']));
  const env = { PATH: process.env.PATH ?? '', ...login };
  const place = new LocalPlace(
    { kind: 'local', taskId: 't', runFolder: temporaryFolder(t), marker: 'm' },
    env,
  );
  t.false((await place.exec({ argv: ['env'] })).stdout.includes('the-login-of-git'));
  t.false((await run(['env'], { env })).stdout.includes('the-login-of-git'));
  const shown = await git({
    args: ['-c', 'alias.shown=!env', 'shown'],
    cwd: temporaryFolder(t),
    env,
    signal: new AbortController().signal,
  });
  t.is(shown.stdout.split('the-login-of-git').length, GIT_LOGIN.length + 1);
});

test('a command of the user that calls the server sees it', async (t) => {
  const env = { PATH: process.env.PATH, CLEARML_API_SECRET_KEY: 'the-secret-of-the-api' };
  const { stdout } = await run(['env'], { env, callsServer: true });
  t.true(stdout.includes('CLEARML_API_SECRET_KEY=the-secret-of-the-api'));
});
