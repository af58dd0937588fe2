import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { startAgent } from '../../support/agent-process.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** A copy of the built program, as it is installed. */
function installed(folder: string): string {
  for (const name of ['bin', 'dist', 'package.json'])
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return path.join(folder, 'bin/agent.js');
}

/** Replaces it by another version, whose shared parts have other names. */
function upgrade(folder: string): void {
  const bundle = path.join(folder, 'dist/bundle');
  const files = readdirSync(bundle).map((name): [string, string] => [
    name.replace(/^chunk-/, 'chunk-N'),
    readFileSync(path.join(bundle, name), 'utf8').replaceAll('/chunk-', '/chunk-N'),
  ]);
  for (const name of readdirSync(bundle)) rmSync(path.join(bundle, name));
  for (const [name, text] of files) writeFileSync(path.join(bundle, name), text);
}

test('a daemon whose program is upgraded while it runs runs its first task and says why one fails', async (t) => {
  const agent = await agentUnderTest(t, {
    CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1',
    CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3',
  });
  const folder = temporaryFolder(t);
  const script = installed(folder);
  const words = ['daemon', '--queue', 'default', '--foreground'];
  const daemon = startAgent(words, agent.home, undefined, script);
  t.teardown(() => daemon.kill('SIGKILL'));
  await until(() => /pulling|listening|queue/i.test(daemon.output()), {
    what: 'the start of the daemon',
    context: daemon.output,
    timeoutMs: 60_000,
  });
  upgrade(folder);
  const shell = { binary: '/bin/sh', entry_point: 'main.sh', branch: 'main' };
  const gone = `file://${agent.home.folder}/repositories/none`;
  const failed = await agent.ended(await agent.enqueue({ ...shell, repository: gone }));
  t.is(failed.status, 'failed');
  t.is(failed.runtime.failure_class, 'clone', failed.status_reason);
  const repository = agent.repository({ 'main.sh': 'echo it ran\n' });
  const task = await agent.enqueue({ ...shell, repository });
  t.is((await agent.ended(task)).status, 'completed');
  t.true((await agent.log(task)).includes('it ran'));
});
