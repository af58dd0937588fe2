import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { startGitHttpServer } from '../../support/git-http-server.js';
import { GIT_ENVIRONMENT, GitRepository } from '../../support/git-repository.js';
import {
  addSshProgram,
  makeKey,
  type SshServer,
  startSshAgent,
  startSshServer,
} from '../../support/ssh-server.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

interface Served {
  b: CheckoutBench;
  server: SshServer;
  source: GitRepository;
  url: string;
  /** Configuration that names the key, and ssh's files of the test's home. */
  env: Record<string, string>;
}

/** ssh finds its files by the user's entry in the password file, not by `HOME`, so the tests name them. */
async function served(t: ExecutionContext, known = true): Promise<Served> {
  const b = new CheckoutBench();
  const server = await startSshServer(path.join(b.folder, 'sshd'));
  t.teardown(async () => {
    await server.close();
    await b.remove();
  });
  const source = new GitRepository(path.join(b.folder, 'served', 'repo'));
  source.commit({ 'a.py': 'print(1)\n' });
  const knownHosts = path.join(b.home, '.ssh', 'known_hosts');
  writeFileSync(knownHosts, known ? server.knownHost : '');
  const bin = path.join(b.folder, 'bin');
  mkdirSync(bin);
  const ssh = execFileSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim();
  writeFileSync(
    path.join(bin, 'ssh'),
    `#!/bin/sh\nexec ${ssh} -F /dev/null -oUserKnownHostsFile=${knownHosts} -oGlobalKnownHostsFile=/dev/null "$@"\n`,
    { mode: 0o755 },
  );
  const url = `ssh://${server.user}@127.0.0.1:${server.port}${source.folder}`;
  return { b, server, source, url, env: { PATH: `${bin}:${process.env.PATH}` } };
}

test('a named key opens the repository', async (t) => {
  const { b, server, url, env } = await served(t);
  const got = await b.checkout({ repository: url }, { 'agent.git.ssh_key': server.key }, env);
  t.is(got.url, url);
  t.is(readFileSync(path.join(got.root, 'a.py'), 'utf8'), 'print(1)\n');
});

test('a key in an ssh agent opens it', async (t) => {
  const { b, server, url, env } = await served(t);
  const agent = startSshAgent(b.folder, server.key);
  t.teardown(agent.close);
  t.truthy((await b.checkout({ repository: url }, {}, { ...env, SSH_AUTH_SOCK: agent.socket })).commit);
});

test('an https address is turned into an ssh one only when that is forced', async (t) => {
  const { b, server, source, env } = await served(t);
  const config = {
    'agent.force_git_ssh_protocol': true,
    'agent.force_git_ssh_port': server.port,
    'agent.force_git_ssh_user': server.user,
    'agent.git.ssh_key': server.key,
  };
  const repository = `https://127.0.0.1${source.folder}`;
  const got = await b.checkout({ repository }, config, env);
  t.is(got.url, repository);
  t.is(git(got.root, 'remote', 'get-url', 'origin'), repository);
});

test('failures of ssh are told apart', async (t) => {
  const { b, server, url, env } = await served(t);
  const config = { 'agent.git.ssh_key': server.key };
  const host = '127.0.0.1';
  const stranger = { 'agent.git.ssh_key': makeKey(b.folder, 'stranger') };
  await t.throwsAsync(b.checkout({ repository: url }, stranger, env), {
    code: 'REPOSITORY_CLONE',
    message: troubleshootingLine('ssh-key-refused', { address: url, host, methods: 'publickey' }),
  });
  await t.throwsAsync(b.checkout({ repository: `${url}-none` }, config, env), {
    code: 'REPOSITORY_CLONE',
    message: troubleshootingLine('repository-gone-or-private', { address: `${url}-none` }),
  });
  const knownHosts = path.join(b.home, '.ssh', 'known_hosts');
  writeFileSync(knownHosts, '');
  await t.throwsAsync(b.checkout({ repository: url }, config, env), {
    message: troubleshootingLine('host-key-unknown', { address: url, host }),
  });
  const other = execFileSync('ssh-keygen', ['-y', '-f', makeKey(b.folder, 'other')], { encoding: 'utf8' });
  writeFileSync(knownHosts, `[127.0.0.1]:${server.port} ${other}`);
  await t.throwsAsync(b.checkout({ repository: url }, config, env), {
    message: troubleshootingLine('host-key-mismatch', { address: url, host }),
  });
});

test('a new host is trusted and remembered when the settings say so', async (t) => {
  const { b, server, url, env } = await served(t, false);
  const config = { 'agent.git.ssh_key': server.key, 'agent.git.host_keys': 'accept-new' };
  t.truthy((await b.checkout({ repository: url }, config, env)).commit);
  const known = readFileSync(path.join(b.home, '.ssh', 'known_hosts'), 'utf8');
  t.true(known.includes(server.knownHost.split(' ')[2]?.trim() ?? '-'));
});

test('submodules and LFS files come over ssh as well', async (t) => {
  const { b, server, source, url, env } = await served(t);
  const lfs = await startGitHttpServer(path.join(b.folder, 'served'));
  t.teardown(lfs.close);
  const answer = JSON.stringify({ href: `${lfs.url}/repo/info/lfs`, header: {}, expires_in: 600 });
  addSshProgram(path.join(b.folder, 'sshd'), 'git-lfs-authenticate', `#!/bin/sh\necho '${answer}'\n`);
  const content = Buffer.from('large '.repeat(2000));
  const lib = new GitRepository(path.join(b.folder, 'served', 'lib'));
  lib.commit({ 'l.txt': 'lib' });
  source.write('.gitmodules', '[submodule "lib"]\n\tpath = lib\n\turl = ../lib\n');
  source.git('update-index', '--add', '--cacheinfo', `160000,${lib.git('rev-parse', 'HEAD')},lib`);
  source.write('.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n');
  source.write('x.bin', lfs.addLfs(content));
  source.git('add', '.gitmodules', '.gitattributes', 'x.bin');
  source.git('commit', '-q', '-m', 'x');
  const got = await b.checkout({ repository: url }, { 'agent.git.ssh_key': server.key }, env);
  t.true(readFileSync(path.join(got.root, 'x.bin')).equals(content));
  t.is(readFileSync(path.join(got.root, 'lib', 'l.txt'), 'utf8'), 'lib');
});

test('an ssh command of the user is left alone', async (t) => {
  const { b, server, url, env } = await served(t);
  const key = path.join(b.folder, 'copy');
  copyFileSync(server.key, key);
  const own = { ...env, GIT_SSH_COMMAND: `ssh -oBatchMode=yes -i ${key}` };
  t.truthy((await b.checkout({ repository: url }, { 'agent.git.ssh_key': '/nonexistent' }, own)).commit);
});

function git(root: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: root, env: GIT_ENVIRONMENT, encoding: 'utf8' }).trim();
}
