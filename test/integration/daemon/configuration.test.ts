import { appendFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { until } from '../../support/until.js';

const SHOW = 'import os\nprint("FROM_CONFIG is", os.environ.get("FROM_CONFIG"), flush=True)\n';

test('a changed file applies to the next task, and the log tells the difference without secrets', async (t) => {
  const { daemon, enqueue, ended, log, repository, home } = await agentUnderTest(t);
  const file = path.join(home.folder, 'clearml.conf');
  appendFileSync(
    file,
    '\nagent { reload_config: true, git_usr: typo }\nenvironment { FROM_CONFIG: first }\n',
  );
  const script = { repository: repository({ 'show.py': SHOW }), branch: 'main', entry_point: 'show.py' };
  const running = daemon();
  const first = await enqueue(script);
  await ended(first);
  t.true((await log(first)).includes('FROM_CONFIG is first\n'));
  appendFileSync(file, 'agent.git_pass: "hush-hush"\nenvironment { FROM_CONFIG: second }\n');
  const second = await enqueue(script);
  await ended(second);
  t.true((await log(second)).includes('FROM_CONFIG is second\n'));
  const said = running.output();
  t.true(said.includes('unknown key agent.git_usr; did you mean agent.git_user?'), said);
  t.true(said.includes('configuration changed: agent.git_pass: not set → "****"'), said);
  t.false(said.includes('hush-hush'), said);
});

test('a mistake in a changed file leaves the old configuration in force', async (t) => {
  const { daemon, enqueue, ended, repository, home } = await agentUnderTest(t);
  const file = path.join(home.folder, 'clearml.conf');
  appendFileSync(file, '\nagent.reload_config: true\n');
  const script = { repository: repository({ 'show.py': SHOW }), branch: 'main', entry_point: 'show.py' };
  const running = daemon();
  await ended(await enqueue(script));
  appendFileSync(file, 'agent { git_pass: "open\n');
  t.is((await ended(await enqueue(script))).status, 'completed');
  await until(async () => running.output().includes('the changed configuration is not used'), {
    what: 'the warning',
    context: running.output,
  });
  t.regex(running.output(), /clearml\.conf:\d+:19: expected the closing " of this text on its line/);
});

test('a value of the wrong type ends the daemon with status 2 and one line that names it', async (t) => {
  const { daemon, home } = await agentUnderTest(t);
  appendFileSync(path.join(home.folder, 'clearml.conf'), '\nagent.vcs_cache: 5\n');
  const running = daemon();
  t.is((await running.exited).code, 2, running.output());
  t.regex(
    running.output(),
    /ERROR: .*clearml\.conf:\d+: agent\.vcs_cache: expected a section \{ … \}, found 5\n/,
  );
});
