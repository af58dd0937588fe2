import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';
import { resultIn, sdkHome } from '../../support/sdk-script.js';

/** What `use_the_sdk.py` prints. */
interface Seen {
  made: string;
  copy: string;
  status: string;
  copy_status: string;
  parameters: Record<string, string>;
  scalars: { loss: { train: { x: number[]; y: number[] } } };
  single: Record<string, number>;
  plots: number;
  console: string;
  configuration: unknown;
  artifact: number[];
  found: string[];
  deleted: boolean;
}

test('the official SDK creates, reports, uploads, clones, enqueues and deletes', async (t) => {
  const { server, call } = await serverUnderTest(t);
  const home = await sdkHome(t, server);
  const seen = resultIn<Seen>(await home.run('use_the_sdk'));

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
