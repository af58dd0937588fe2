import test from 'ava';
import { appArchive } from '../../support/app-archive.js';
import { type ServerUnderTest, serverUnderTest } from '../../support/embedded-server.js';

const LAST = '{ name: rows, type: list';

/** A server with an application whose form has one more field. */
async function withField(t: Parameters<typeof serverUnderTest>[0], field: string): Promise<ServerUnderTest> {
  const server = await serverUnderTest(t);
  await server.call('apps.upload', {
    archive: await appArchive((text) => text.replace(LAST, `${field}\n    ${LAST}`)),
  });
  await server.call('queues.create', { name: 'custom_apps_queue' });
  return server;
}

const TARGET = 'target { field: hyperparams, section: General, name: chosen }';

test('an object that is stored by its name is a choice, however many there are', async (t) => {
  const server = await withField(
    t,
    `{ name: chosen, type: dropdown, ${TARGET}
       choices { source: project, value_field: name, filter { fields { name: "^zone" } } } }`,
  );
  let project = '';
  for (let at = 0; at < 230; at += 1)
    project = (await server.call<{ id: string }>('projects.create', { name: `zone (${1000 + at})` })).id;
  const launch = (chosen: string) => ({ app: 'simple-app', parameters: { project, chosen } });
  const { id } = await server.call<{ id: string }>('apps.launch', launch('zone (1229)'));
  const { task } = await server.call<{ task: { hyperparams: object } }>('tasks.get_by_id', { task: id });
  t.like(task.hyperparams, { General: { chosen: { value: 'zone (1229)' } } });
  t.is(await server.refusal('apps.launch', launch('zone (12')), '400/16');
  t.is(await server.refusal('apps.launch', launch('z'.repeat(50_000))), '400/16');
});

test('a choice in a list is checked, too', async (t) => {
  const server = await withField(
    t,
    `{ name: sources, type: list, item_template: [
         { name: group, type: group, item_template: [ { name: one, type: dropdown, choices { source: project } } ] } ]
       target { field: hyperparams, section: General, name: sources, format: json } }`,
  );
  const { id: project } = await server.call<{ id: string }>('projects.create', { name: 'Networks' });
  const parameters = { project, sources: [{ one: project }, { one: 'nowhere' }] };
  const error = await t.throwsAsync(server.call('apps.launch', { app: 'simple-app', parameters }));
  t.regex(error.message, /400\/16.*"sources\.1\.one":"expected the id of a project that can be chosen/);
});

test('a filter narrows the dataset versions and lets no other task in', async (t) => {
  const server = await withField(
    t,
    `{ name: chosen, type: dropdown, ${TARGET}
       choices { source: dataset_version, filter { fields { system_tags: [frozen], type: [training, data_processing] } } } }`,
  );
  const make = (name: string, type: string, tags: string[]) =>
    server.call('tasks.create', { name, type, system_tags: tags });
  await make('frozen data', 'data_processing', ['dataset', 'frozen', 'hidden']);
  await make('other data', 'data_processing', ['dataset', 'hidden']);
  await make('frozen run', 'training', ['frozen']);
  const { choices } = await server.call<{ choices: { label: string }[] }>('apps.get_choices', {
    app: 'simple-app',
    field: 'chosen',
  });
  t.deepEqual(
    choices.map(({ label }) => label),
    ['frozen data'],
  );
});
