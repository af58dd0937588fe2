import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { acquireLock } from '../../../src/os/lock.js';
import { EnvironmentCache } from '../../../src/python/cache/environment-cache.js';
import { prepareEnvironment } from '../../../src/python/prepare.js';
import { listMirrors } from '../../../src/repository/mirror-collection.js';
import { agentHome, startAgent } from '../../support/agent-process.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { GitRepository } from '../../support/git-repository.js';
import { environmentRequest } from '../../support/python-environment-job.js';
import { until } from '../../support/until.js';

interface Answer {
  items: { kind: string; what: string; folder: string; hold: string | null; bytes: number }[];
  removed: { kind: string; what: string; why: string }[];
  stays: { kind: string; what: string; why: string }[];
  totals: Record<string, { count: number; bytes: number }>;
}

test('environments and mirrors are listed and pruned, those in use stay', async (t) => {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  for (const name of ['often', 'once']) {
    const source = new GitRepository(path.join(b.folder, name));
    source.commit({ a: name });
    await b.checkout({ repository: source.folder });
  }
  const { request } = environmentRequest(t, {
    root: b.folder,
    agent: { venvs_cache: { path: b.cacheFolder } },
  });
  await prepareEnvironment(request);
  const home = await agentHome({ CLEARML_AGENT_VENV_CACHE_PATH: b.cacheFolder });
  t.teardown(() => b.remove());
  writeFileSync(path.join(home.folder, 'clearml.conf'), `agent.vcs_cache.path: "${b.cacheFolder}"\n`);
  const cache = async (...words: string[]) => {
    const agent = startAgent(['cache', ...words], home);
    t.is((await agent.exited).code, 0, agent.output());
    return agent.output();
  };
  const json = async (...words: string[]): Promise<Answer> => JSON.parse(await cache(...words, '--json'));

  const [mirror] = (await listMirrors(b.cacheFolder)).filter(({ url }) => url.endsWith('once'));
  const old = new Date(Date.now() - 40 * 86_400_000);
  utimesSync(path.join(mirror?.folder ?? '', 'agent-used'), old, old);
  const environments = new EnvironmentCache({ folder: b.cacheFolder, env: {} });
  mkdirSync(path.join(environments.temporaryFolder, '999999999.half'), { recursive: true });

  t.regex(await cache('list'), /\nenvironments +Python 3\S+, \S+ packages.* MB .*s ago\n/);
  const listed = await json('list');
  const keys = readdirSync(environments.entriesFolder);
  t.true(keys.length > 0);
  t.deepEqual([listed.totals.environments?.count, listed.totals.mirrors?.count], [keys.length + 1, 2]);
  t.true(listed.items.every(({ bytes }) => bytes > 1000));

  const planned = await json('prune', '--dry-run');
  const reasons = planned.removed.map(({ what, why }) => [path.basename(what), why]);
  t.deepEqual(reasons, [
    ['unfinished, its agent is gone', 'left unfinished'],
    ['once', 'not used for 30 days (agent.vcs_cache.max_age_days)'],
  ]);
  t.deepEqual((await json('list')).totals, listed.totals);
  t.deepEqual((await json('prune')).removed, planned.removed);

  const [key = ''] = keys;
  const release = await acquireLock(environments.lockFile(key), { timeoutMs: 0, what: 'the test' });
  t.teardown(release);
  const held = await json('prune', '--all');
  t.deepEqual(
    [held.totals.environments?.count, held.totals.mirrors?.count, held.stays.map(({ why }) => why)],
    [keys.length - 1, 1, [`a task is using it (process ${process.pid})`]],
  );
  await release();
  t.is((await json('prune', 'environments', '--older-than', '1h')).totals.environments?.count, 0);
  t.regex(await cache('prune', 'environments', '--all'), /^Removed 1 environment with \d+ MB/m);
  t.deepEqual((await json('list')).items, []);
});

test('what a run left stays while anything needs it', async (t) => {
  t.timeout(100_000);
  const { agent, daemon, enqueue, ended, home, log, repository } = await agentUnderTest(t);
  const json = async (...words: string[]): Promise<Answer> => {
    const called = agent('cache', ...words, '--json');
    t.is((await called.exited).code, 0, called.output());
    return JSON.parse(called.output());
  };
  const stays = async (...words: string[]) => (await json('prune', ...words)).stays.map(({ why }) => why);
  const url = repository({
    'fail.py': 'raise SystemExit(3)\n',
    'wait.py': 'import os, time\nprint("pid", os.getpid(), flush=True)\ntime.sleep(600)\n',
  });
  const first = daemon();
  const failed = await enqueue({ repository: url, branch: 'main', entry_point: 'fail.py' });
  await ended(failed);
  const waiting = await enqueue({ repository: url, branch: 'main', entry_point: 'wait.py' });
  const pid = await until(async () => /^pid (\d+)/m.exec(await log(waiting))?.[1], {
    what: 'the task to run',
  });

  const running = [`its agent is running (process ${first.process.pid})`];
  t.deepEqual(await stays('spools', '--all', '--undelivered'), [...running, ...running]);
  first.kill('SIGKILL');
  await first.exited;
  const [why = ''] = await stays('spools', '--all', '--undelivered', '--dry-run');
  t.regex(why, new RegExp(`^its processes are running \\(.*\\b${pid}\\b`));
  process.kill(Number(pid), 'SIGKILL');
  await until(async () => !(await stays('spools', '--all', '--dry-run')).includes(why), { what: 'its end' });

  t.deepEqual((await json('prune', 'spools')).removed, []);
  const folders = (await json('list', 'spools')).items.map(({ folder }) => folder);
  const kept = path.join(home.folder, '.clearml', 'venvs-builds');
  t.is(readdirSync(kept).length, 2);
  const unsent = await stays('spools', '--all');
  t.regex(
    unsent[0] ?? '',
    /^\d+ bytes of its log are not with the server$|^the server does not know its end$/,
  );
  t.deepEqual(readdirSync(kept).length, 1, 'the workspace of the failed task went');
  const { removed } = await json('prune', 'spools', '--undelivered');
  t.deepEqual(
    removed.map(({ what, why: reason }) => [what, reason]),
    [[`task ${waiting} of test:0`, unsent[0]]],
  );
  t.false(folders.some((folder) => existsSync(folder)));
  t.deepEqual(readdirSync(kept), []);
  t.deepEqual((await json('list', 'spools')).items, []);
  daemon();
  t.is((await ended(await enqueue({ repository: url, entry_point: 'fail.py' }))).status, 'failed');
});
