import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { startGitHttpServer } from '../../support/git-http-server.js';
import { GitRepository } from '../../support/git-repository.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PASSWORD = 'the-password-of-the-agent';

/** A package whose build writes down its environment and what git would answer to a question for a password. */
function package_(name: string, seen: string, requires: string[] = []): Record<string, string> {
  return {
    [`${name}.py`]: 'VALUE = 7\n',
    'setup.py': [
      'import os, subprocess',
      'from setuptools import setup',
      `with open(${JSON.stringify(seen)}, "a") as out:`,
      '    out.write(repr(dict(os.environ)))',
      '    for host in ("protocol=http\\nhost=HOST\\n\\n", "protocol=https\\nhost=evil.example\\n\\n"):',
      '        asked = subprocess.run(["git", "credential", "fill"], input=host.encode(), capture_output=True)',
      '        out.write(repr(asked.stdout))',
      `setup(name="${name}", version="1", py_modules=["${name}"], install_requires=${JSON.stringify(requires)})`,
      '',
    ].join('\n'),
  };
}

for (const engine of ['uv', 'pip'] as const) {
  test.serial(
    `${engine}: private packages install, their submodules and requirements too, and no build sees a password`,
    async (t) => {
      t.timeout(280_000);
      const { daemon, enqueue, ended, log, repository, home } = await agentUnderTest(t);
      const served = temporaryFolder(t);
      const seen = path.join(served, 'seen.txt');
      const server = await startGitHttpServer(served, { bot: PASSWORD });
      t.teardown(server.close);
      const host = server.url.replace('http://', '');
      const made = (name: string, requires: string[] = []) => {
        const source = new GitRepository(path.join(served, name));
        const files = package_(name, seen, requires);
        source.commit({ ...files, 'setup.py': (files['setup.py'] ?? '').replace('HOST', host) });
        return source;
      };
      made('inner');
      const part = new GitRepository(path.join(served, 'part'));
      part.commit({ 'part.txt': 'of the submodule\n' });
      const outer = made('outer', [`inner @ git+${server.url}/inner`]);
      outer.git('submodule', 'add', '-q', part.folder, 'part');
      outer.git('config', '-f', '.gitmodules', 'submodule.part.url', `${server.url}/part`);
      outer.git('add', '-A');
      const commit = outer.commit({ more: 'x' });
      appendFileSync(
        path.join(home.folder, 'clearml.conf'),
        `\nagent { git_user: bot, git_pass: ${PASSWORD}, package_manager { type: ${engine} } }\n`,
      );
      const running = daemon();
      const script = {
        repository: repository({
          'main.py': 'import outer, inner\nprint("sum", outer.VALUE + inner.VALUE)\n',
        }),
        branch: 'main',
        entry_point: 'main.py',
      };
      for (const line of [`git+${server.url}/outer@main`, `outer @ git+${server.url}/outer@${commit}`]) {
        const id = await enqueue({ ...script, requirements: { pip: line } });
        t.is((await ended(id, 120_000)).status, 'completed', await log(id));
        t.regex(await log(id), /^sum 14$/m);
        t.false((await log(id)).includes(PASSWORD));
      }
      t.true(existsSync(seen), running.output());
      const shown = readFileSync(seen, 'latin1');
      t.false(shown.includes(PASSWORD), shown.slice(0, 4000));
      t.false(shown.includes('AGENT_GIT_PASS'));
    },
  );
}
