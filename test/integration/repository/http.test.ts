import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { gitEnvironment } from '../../../src/repository/git-environment.js';
import { rewriteVcsRequirementUrl } from '../../../src/repository/requirement-url.js';
import { GIT_ENVIRONMENT, GitRepository } from '../../support/git-repository.js';
import { CREDENTIALS, failure, PASSWORD, served } from '../../support/served-repository.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

test('a password of any letters reaches git, and nothing but git', async (t) => {
  const { b, server } = await served(t, { bot: PASSWORD });
  const url = `${server.url}/team/repo`;
  const programs = recordingGit(b.folder);
  const got = await b.checkout({ repository: url }, CREDENTIALS, { PATH: `${programs}:${process.env.PATH}` });
  t.regex(readFileSync(path.join(programs, 'arguments'), 'utf8'), /^clone --bare/m);
  t.is(readFileSync(path.join(got.root, 'a.py'), 'utf8'), 'print(1)\n');
  t.is(got.url, url);
  t.deepEqual(b.secrets, [PASSWORD]);
  t.deepEqual(filesHolding(b.folder, PASSWORD), []);
  t.false(b.lines.join('\n').includes(PASSWORD));
});

test('credentials written into the address are used once and stored nowhere', async (t) => {
  const { b, server } = await served(t, { me: 'in-the-address' });
  const url = server.url.replace('://', '://me:in-the-address@');
  const got = await b.checkout({ repository: `${url}/team/repo` });
  t.is(got.url, `${server.url.replace('://', '://me@')}/team/repo`);
  t.deepEqual(filesHolding(b.folder, 'in-the-address'), []);
  t.true(b.secrets.includes('in-the-address'));
});

test('each host gets the credentials that are meant for it', async (t) => {
  const { b, server } = await served(t, { extra: 'one' });
  const config = {
    ...CREDENTIALS,
    'agent.git_host': 'example.com',
    'agent.git.extra_credentials': [{ user: 'extra', pass: 'one', host: '127.0.0.1' }],
  };
  t.truthy((await b.checkout({ repository: `${server.url}/team/repo` }, config)).commit);
  const other = await failure(
    b.checkout(
      { repository: `${server.url}/team/repo` },
      { ...CREDENTIALS, 'agent.git_host': 'example.com' },
    ),
  );
  t.is(
    other.message,
    `cannot fetch from ${server.url}/team/repo: 127.0.0.1 asks for credentials, and none are configured for it`,
  );
});

test('submodules and LFS files come with the credentials of their host, and once only', async (t) => {
  const { b, server, source } = await served(t, { bot: PASSWORD });
  const content = Buffer.from(`large ${'x'.repeat(10_000)}`);
  const lib = new GitRepository(path.join(b.folder, 'served', 'team', 'lib'));
  lib.commit({
    '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
    'lib.bin': server.addLfs(content),
  });
  source.write('.gitmodules', '[submodule "lib"]\n\tpath = lib\n\turl = ../lib\n');
  source.git('update-index', '--add', '--cacheinfo', `160000,${lib.git('rev-parse', 'HEAD')},lib`);
  source.git('add', '.gitmodules');
  source.write('.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n');
  source.write('model.bin', server.addLfs(content));
  source.git('add', '.gitattributes', 'model.bin');
  source.git('commit', '-q', '-m', 'x');
  const commit = source.git('rev-parse', 'HEAD');
  const script = { repository: `${server.url}/team/repo`, version_num: commit };
  const got = await b.checkout(script, CREDENTIALS);
  t.true(readFileSync(path.join(got.root, 'model.bin')).equals(content));
  t.true(readFileSync(path.join(got.root, 'lib', 'lib.bin')).equals(content));
  t.is(git(got.root, 'config', '--get', 'submodule.lib.url'), `${server.url}/team/lib`);
  const before = server.requests.length;
  const again = await b.checkout(script, CREDENTIALS);
  t.true(readFileSync(path.join(again.root, 'lib', 'lib.bin')).equals(content));
  t.deepEqual(server.requests.slice(before), []);
  t.deepEqual(filesHolding(b.folder, PASSWORD), []);
  const pointers = await b.checkout(script, { ...CREDENTIALS, 'agent.git.lfs': false });
  t.regex(readFileSync(path.join(pointers.root, 'model.bin'), 'utf8'), /^version https:\/\/git-lfs/);
});

test('an LFS object that the server lacks fails the checkout with that cause', async (t) => {
  const { b, server, source } = await served(t);
  const pointer = server.addLfs(Buffer.from('gone'));
  server.lfs.clear();
  source.commit({ '.gitattributes': '*.bin filter=lfs\n', 'x.bin': pointer });
  const address = `${server.url}/team/repo`;
  const error = await failure(b.checkout({ repository: address }));
  t.regex(error.message, troubleshootingLine('lfs-object-missing', { address }));
});

test('without git-lfs the pointer files stay and the log says so', async (t) => {
  const { b, server, source } = await served(t);
  source.commit({ '.gitattributes': '*.bin filter=lfs\n', 'x.bin': server.addLfs(Buffer.from('content')) });
  const programs = path.join(b.folder, 'bin');
  execFileSync('mkdir', ['-p', programs]);
  for (const name of ['git', 'sh']) execFileSync('ln', ['-s', which(name), path.join(programs, name)]);
  await b.checkout({ repository: `${server.url}/team/repo` }, {}, { PATH: programs });
  t.regex(b.lines.join('\n'), /git-lfs is not installed: they stay pointer files \(\.gitattributes\)/);
});

test('a token of Azure DevOps travels in a header', async (t) => {
  const { b, server } = await served(t, { '': 'pat-token' });
  const config = { 'agent.git_pass': 'pat-token', 'agent.git_use_azure_pat': true };
  t.truthy((await b.checkout({ repository: `${server.url}/team/repo` }, config)).commit);
  t.deepEqual(filesHolding(b.folder, 'pat-token'), []);
  t.deepEqual(filesHolding(b.folder, Buffer.from(':pat-token').toString('base64')), []);
});

test('other programs that start git get the same credentials by environment', async (t) => {
  const { b, server } = await served(t, { bot: PASSWORD });
  const { settings, env } = b.request({ repository: '' }, CREDENTIALS);
  const address = `git+${server.url.replace('://', '://old:secret@')}/team/repo@main#egg=x`;
  t.is(rewriteVcsRequirementUrl(address, settings), `git+${server.url}/team/repo@main#egg=x`);
  const variables = { ...env, ...gitEnvironment([`${server.url}/team/repo`], settings, env) };
  const command = ['ls-remote', `${server.url}/team/repo`, 'HEAD'];
  const { stdout } = await promisify(execFile)('git', command, { env: variables });
  t.regex(stdout, /HEAD/);
});

test("the user's own credential helper serves hosts without configured credentials", async (t) => {
  const { b, server } = await served(t, { own: 'stored' });
  writeFileSync(path.join(b.home, '.gitconfig'), '[credential]\n\thelper = store\n');
  writeFileSync(path.join(b.home, '.git-credentials'), `${server.url.replace('://', '://own:stored@')}\n`);
  const before = readFileSync(path.join(b.home, '.gitconfig'), 'utf8');
  t.truthy((await b.checkout({ repository: `${server.url}/team/repo` })).commit);
  t.is(readFileSync(path.join(b.home, '.gitconfig'), 'utf8'), before);
});

function git(root: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: root, env: GIT_ENVIRONMENT, encoding: 'utf8' }).trim();
}

/** A `git` that writes down the arguments of every call, also of those that git makes of itself through PATH. */
function recordingGit(folder: string): string {
  const programs = path.join(folder, 'recording');
  mkdirSync(programs);
  const script = `#!/bin/sh\necho "$@" >> ${programs}/arguments\nexec ${which('git')} "$@"\n`;
  writeFileSync(path.join(programs, 'git'), script, { mode: 0o755 });
  return programs;
}

function which(program: string): string {
  return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
}

/** Files below a folder in which a text stands, in any of the forms that an address or a header gives it. */
function filesHolding(folder: string, text: string): string[] {
  const forms = [text, encodeURIComponent(text), Buffer.from(text).toString('base64')];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const file = path.join(folder, name);
    const content = statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file) : undefined;
    return content !== undefined && forms.some((form) => content.includes(form));
  });
}

test('credentials for any host go to a new host with one warning, and with none to hosts that are listed', async (t) => {
  const { b, server } = await served(t, { bot: PASSWORD });
  const warnings = () => b.lines.filter((line) => line.includes('credential_hosts'));
  const repository = `${server.url}/team/repo`;
  await b.checkout({ repository }, { ...CREDENTIALS, 'agent.git.credential_hosts': ['127.0.0.1'] });
  t.deepEqual(warnings(), []);
  for (const _ of [1, 2]) await b.checkout({ repository }, CREDENTIALS);
  t.deepEqual(warnings(), [
    'git_user and git_pass may go to 127.0.0.1, which a task names and no setting does: list the hosts that may get them in agent.git.credential_hosts',
  ]);
  await b.checkout({ repository: repository.replace('127.0.0.1', 'localhost') }, CREDENTIALS);
  t.is(warnings().length, 2);
  t.true(warnings()[1]?.includes('may go to localhost'));
  const elsewhere = { ...CREDENTIALS, 'agent.git.credential_hosts': ['github.com'] };
  await failure(b.checkout({ repository: `${repository}.git` }, elsewhere));
  t.is(warnings().length, 2);
});
