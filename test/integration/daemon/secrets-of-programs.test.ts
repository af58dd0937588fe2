import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { startGitHttpServer } from '../../support/git-http-server.js';
import { GitRepository } from '../../support/git-repository.js';
import { INDEX_LOGIN, packageIndex } from '../../support/package-index.js';
import { type ProcessRecord, processRecords } from '../../support/process-records.js';
import { pythonTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const GIT_PASSWORD = 'the-password-of-git';

function setup(name: string, record: string): string {
  return `${record}\nfrom setuptools import setup\nsetup(name="${name}", version="1", py_modules=["${name}"])\n`;
}

/** Names of the programs that have the secret there, each once and in order. */
function having(records: readonly ProcessRecord[], part: 'argv' | 'env', secret: string): string[] {
  const found = records.filter((record) => record[part].some((word) => word.includes(secret)));
  return [...new Set(found.map(({ name }) => name))].sort();
}

for (const engine of ['uv', 'pip'] as const) {
  test.serial(`each program that the agent runs has the secrets that it needs: ${engine}`, async (t) => {
    t.timeout(280_000);
    const { daemon, enqueue, ended, log, home, server } = await agentUnderTest(t);
    const served = temporaryFolder(t);
    const programs = { git: undefined, ...(engine === 'uv' ? { uv: await pythonTool('uv') } : {}) };
    const records = processRecords(served, programs);
    const git = await startGitHttpServer(served, { bot: GIT_PASSWORD });
    t.teardown(git.close);
    const index = await packageIndex(t, [{ name: 'alpha', version: '1' }], { login: true });
    const { accessKey, secretKey } = server.credentials;
    Object.assign(home.env, {
      PATH: `${records.bin}:${home.env.PATH}`,
      CLEARML_API_ACCESS_KEY: accessKey,
      CLEARML_API_SECRET_KEY: secretKey,
      CLEARML_AGENT_GIT_USER: 'bot',
      CLEARML_AGENT_GIT_PASS: GIT_PASSWORD,
    });
    appendFileSync(
      path.join(home.folder, 'clearml.conf'),
      `\nagent { package_manager { type: pip, engine: ${engine}, pip_version: [], extra_index_url: ["${index.urlWithLogin}"] } }\n`,
    );
    // Its own build needs one package of the private index and one that is built in its turn.
    const needed = path.join(served, 'needed');
    mkdirSync(needed);
    writeFileSync(path.join(needed, 'needed.py'), '');
    writeFileSync(path.join(needed, 'setup.py'), setup('needed', records.python('build', { above: true })));
    new GitRepository(path.join(served, 'built')).commit({
      'built.py': 'VALUE = 7\n',
      'setup.py': setup('built', records.python('build', { above: true })),
      'pyproject.toml': `[build-system]\nrequires = ["setuptools", "alpha", "needed @ file://${needed}"]\nbuild-backend = "setuptools.build_meta"\n`,
    });
    new GitRepository(path.join(served, 'code')).commit({
      'main.py': `import built, alpha\nprint("value", built.VALUE)\n${records.python('task')}`,
    });
    const running = daemon();
    const id = await enqueue({
      repository: `${git.url}/code`,
      branch: 'main',
      entry_point: 'main.py',
      requirements: { pip: `built @ git+${git.url}/built\nalpha` },
    });
    t.is((await ended(id, 240_000)).status, 'completed', await log(id));
    t.regex(await log(id), /^value 7$/m, running.output());

    const all = records.all();
    t.deepEqual([...new Set(all.map(({ name }) => name))].sort(), [
      'above a build',
      'build',
      'git',
      'task',
      ...(engine === 'uv' ? ['uv'] : []),
    ]);
    for (const secret of [secretKey, accessKey]) {
      t.deepEqual(having(all, 'env', secret), ['task'], 'the SDK in the task logs in');
      t.deepEqual(having(all, 'argv', secret), []);
    }
    t.deepEqual(having(all, 'env', GIT_PASSWORD), ['git']);
    t.deepEqual(having(all, 'argv', GIT_PASSWORD), []);
    t.deepEqual(having(all, 'env', INDEX_LOGIN.password), []);
    const shown = all.filter(({ argv }) => argv.some((word) => word.includes(INDEX_LOGIN.password)));
    // pip itself starts a pip for the requirements of a build and names the indexes there.
    t.is(shown.length > 0, engine === 'pip');
    for (const { name, argv } of shown) {
      t.is(name, 'above a build');
      t.true(argv.includes('--prefix'), argv.join(' '));
    }
  });
}
