import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { run } from '../../../src/os/exec.js';
import { serverConfText } from '../../../src/server/server.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { pythonOfTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const SCRIPT = path.resolve(import.meta.dirname, '../../fixtures/server/use-the-sdk.py');

test('the official SDK creates, reports, uploads, clones, enqueues and deletes', async (t) => {
  t.timeout(170_000);
  const python = await pythonOfTool('clearml');
  const { server, call } = await serverUnderTest(t);
  const home = temporaryFolder(t);
  const file = path.join(home, 'clearml.conf');
  await writeFile(file, serverConfText(server));
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    CLEARML_CONFIG_FILE: file,
    CLEARML_CACHE_DIR: path.join(home, 'cache'),
  };
  const result = await run([python, SCRIPT], { env, cwd: home, timeoutMs: 150_000 });
  const said = /^RESULT (.*)$/m.exec(result.stdout)?.[1];
  t.truthy(said, `${result.stdout}\n${result.stderr}`);
  const seen = JSON.parse(said ?? '{}');

  t.is(seen.status, 'completed');
  t.is(seen.parameters['General/rate'], '0.1');
  t.deepEqual(seen.scalars.loss.train.x, [0, 1, 2, 3, 4]);
  t.is(seen.scalars.loss.train.y[1], 0.5);
  t.like(seen.single, { accuracy: 0.75 });
  t.is(seen.plots, 1);
  t.regex(seen.console, /a line of text/);
  t.deepEqual(seen.configuration, { layers: [1, 2] });
  t.deepEqual(seen.artifact, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.deepEqual(seen.found, ['the copy']);
  t.is(seen.copy_status, 'queued');
  t.true(seen.deleted);

  const { queues } = await call<{ queues: { entries: { task: string }[] }[] }>('queues.get_all');
  t.deepEqual(
    queues[0]?.entries.map((entry) => entry.task),
    [seen.copy],
  );
  const copy = await call<{
    task: { parent?: string; hyperparams: unknown; script: { repository: string } };
  }>('tasks.get_by_id', { task: seen.copy });
  t.is(copy.task.script.repository, 'https://example.com/a.git');
  t.is(await call('tasks.get_all', { id: [seen.made] }).then(({ tasks }) => JSON.stringify(tasks)), '[]');
  const { projects } = await call<{ projects: { name: string }[] }>('projects.get_all', {
    order_by: ['name'],
  });
  t.deepEqual(
    projects.map((project) => project.name),
    ['Examples', 'Examples/First'],
  );
});
