import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { GIT_ENVIRONMENT, GitRepository } from '../../support/git-repository.js';

type Teardown = { teardown: (fn: () => Promise<void>) => void };

function bench(t: Teardown): { b: CheckoutBench; source: GitRepository } {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  return { b, source: new GitRepository(path.join(b.folder, 'origin')) };
}

test('a link to a commit that .gitmodules does not describe stays empty beside proper submodules', async (t) => {
  const { b, source } = bench(t);
  const lib = new GitRepository(path.join(b.folder, 'lib'));
  const commit = lib.commit({ 'l.txt': 'lib' });
  source.commit({ a: '1' });
  source.git('submodule', '--quiet', 'add', lib.folder, 'dep');
  source.git('update-index', '--add', '--cacheinfo', `160000,${commit},stray [1]`);
  source.git('config', '--file', '.gitmodules', 'submodule.noaddress.path', 'no address');
  source.git('config', '--file', '.gitmodules', 'submodule.nolink.path', 'no link');
  source.git('config', '--file', '.gitmodules', 'submodule.nolink.url', lib.folder);
  source.git('update-index', '--add', '--cacheinfo', `160000,${commit},no address`);
  source.git('add', '.gitmodules');
  source.git('commit', '-qm', 'x');
  const got = await b.checkout({ repository: source.folder });
  t.is(readFileSync(path.join(got.root, 'dep', 'l.txt'), 'utf8'), 'lib');
  const told = b.lines.filter((line) => line.includes('.gitmodules does not describe'));
  t.deepEqual(told.map((line) => line.split(' is a link')[0]).sort(), ['no address', 'stray [1]']);
});

test('a repository with stray links alone is checked out', async (t) => {
  const { b, source } = bench(t);
  const commit = source.commit({ a: '1' });
  source.write('.gitmodules', '');
  source.git('add', '.gitmodules');
  source.git('update-index', '--add', '--cacheinfo', `160000,${commit},stray`);
  source.git('commit', '-qm', 'x');
  const got = await b.checkout({ repository: source.folder });
  t.true(existsSync(path.join(got.root, 'a')));
});

test('files of git LFS come from a repository on this machine', async (t) => {
  const { b, source } = bench(t);
  const content = 'large file '.repeat(50);
  source.git('lfs', 'install', '--local');
  source.git('lfs', 'track', '*.bin');
  source.commit({ 'a.bin': content });
  const bare = path.join(b.folder, 'bare copy.git');
  source.git('clone', '-q', '--bare', source.folder, bare);
  source.git('lfs', 'push', '--all', `file://${bare}`);
  for (const repository of [`file://${bare}`, bare, source.folder, `file://${source.folder}`]) {
    const got = await b.checkout({ repository });
    t.is(readFileSync(path.join(got.root, 'a.bin'), 'utf8'), content, repository);
  }
});

const HARMLESS: Readonly<Record<string, string>> = {
  GIT_EXEC_PATH: execFileSync('git', ['--exec-path'], { encoding: 'utf8', env: GIT_ENVIRONMENT }).trim(),
  GIT_PROXY_COMMAND: '/bin/false',
  GIT_ALLOW_PROTOCOL: 'file:https:ssh',
  GIT_ADVICE: '0',
  GIT_FLUSH: '1',
  GIT_CEILING_DIRECTORIES: '/',
  GIT_TRACE2: '0',
};

const MISLEADING: Readonly<Record<string, string>> = {
  GIT_DIR: '/nonexistent/.git',
  GIT_WORK_TREE: '/nonexistent',
  GIT_INDEX_FILE: '/nonexistent/index',
  GIT_OBJECT_DIRECTORY: '/nonexistent/objects',
  GIT_ALTERNATE_OBJECT_DIRECTORIES: '/nonexistent/others',
  GIT_COMMON_DIR: '/nonexistent/common',
  GIT_NAMESPACE: 'elsewhere',
  GIT_SHALLOW_FILE: '/nonexistent/shallow',
  GIT_DEFAULT_HASH: 'sha256',
  GIT_LITERAL_PATHSPECS: '1',
  GIT_EXTERNAL_DIFF: '/bin/false',
  GIT_EDITOR: '/bin/false',
  GIT_TEMPLATE_DIR: '/nonexistent/template',
};

for (const [name, value] of Object.entries({ ...HARMLESS, ...MISLEADING })) {
  test(`a checkout with ${name} in the environment of the agent`, async (t) => {
    const { b, source } = bench(t);
    const lib = new GitRepository(path.join(b.folder, 'lib'));
    lib.commit({ 'l.txt': 'lib' });
    source.commit({ a: '1' });
    source.git('submodule', '--quiet', 'add', lib.folder, 'dep');
    const commit = source.commit({});
    const got = await b.checkout({ repository: source.folder, branch: 'main' }, {}, { [name]: value });
    t.is(got.commit, commit);
    t.is(readFileSync(path.join(got.root, 'dep', 'l.txt'), 'utf8'), 'lib');
  });
}
