import test from 'ava';
import { clientOf, serverUnderTest } from '../../support/embedded-server.js';

type Id = { id: string };

test('a table of tasks is downloaded as text that a spreadsheet does not run', async (t) => {
  const { server, call, refusal } = await serverUnderTest(t);
  const { id: project } = await call<Id>('projects.create', { name: 'tables' });
  const create = (name: string, tags: string[]) =>
    call('tasks.create', { name, type: 'training', project, tags });
  await create('=SUM(A1)', ['one']);
  await create('says "hi", twice', []);
  const query = {
    entity_type: 'task',
    project: [project],
    only_fields: ['name', 'project.name', 'status', 'tags'],
    order_by: ['created'],
    field_mappings: [
      { field: 'name', name: 'Name' },
      { field: 'project' },
      { field: 'status', values: [{ key: 'created', value: 'Draft' }] },
      { field: 'tags' },
    ],
  };
  const { prepare_id } = await call<{ prepare_id: string }>(
    'organization.prepare_download_for_get_all',
    query,
  );
  const { accessKey, secretKey } = server.credentials;
  const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
  const url = `${server.url}/organization.download_for_get_all?prepare_id=${prepare_id}`;
  const answer = await fetch(url, { headers: { authorization } });
  t.regex(answer.headers.get('content-disposition') ?? '', /clearml-tables-tasks\.csv/);
  t.regex(answer.headers.get('content-type') ?? '', /^text\/csv/);
  t.deepEqual(
    Buffer.from(await answer.arrayBuffer())
      .toString()
      .split('\r\n'),
    [
      '\ufeff"Name","project","status","tags"',
      `"'=SUM(A1)","${project}","Draft","[""one""]"`,
      `"says ""hi"", twice","${project}","Draft","[]"`,
      '',
    ],
  );
  const twice = [...query.field_mappings, { field: 'name', name: 'Name' }];
  const prepare = 'organization.prepare_download_for_get_all';
  t.is(await refusal(prepare, { ...query, field_mappings: twice }), '400/12');
  t.is(await refusal(prepare, { ...query, name: '(' }), '400/21');
});

test('preferences are laid over each other by path and outlive a restart', async (t) => {
  const { server, folder, call, refusal } = await serverUnderTest(t);
  t.deepEqual(await call('users.get_preferences'), { preferences: {} });
  const set = (preferences: object, more = {}) => call('users.set_preferences', { preferences, ...more });
  t.like(await set({ 'views.tasks': { sort: 'name' } }), { updated: 1, fields: {} });
  t.like(await set({ 'views.tasks.sort': 'name' }), { updated: 0 });
  const preferences = { views: { tasks: { sort: 'name' }, wide: true } };
  t.deepEqual(await set({ 'views.wide': true }, { return_updated: true }), {
    updated: 1,
    fields: { preferences },
  });
  t.is(await refusal('users.set_preferences', { preferences: { $set: 1 } }), '400/16');
  t.is(await refusal('users.set_preferences', { preferences: { a: { 'b.c': 1 } } }), '400/16');
  t.is(await refusal('users.set_preferences', { preferences: { 'views.wide.more': 1 } }), '400/305');
  t.false('preferences' in (await call<{ user: object }>('users.get_current_user')).user);
  await server.close();
  const again = await serverUnderTest(t, { folder });
  t.deepEqual(await clientOf(again.server).call('users.get_preferences'), { preferences });
});

test('models are found by metadata and state, and leave the tasks that name them', async (t) => {
  const { call, refusal } = await serverUnderTest(t);
  const create = (name: string, more: object) => call<Id>('models.create', { name, uri: 'u', ...more });
  const { id: task } = await call<Id>('tasks.create', { name: 'maker', type: 'training' });
  const { id: made } = await create('made', {
    task,
    ready: false,
    metadata: { 'a.b': { key: 'a.b', type: 't', value: '1' } },
  });
  const { id: other } = await create('other', { metadata: { c: { key: 'c', type: 't', value: '2' } } });
  const found = async (query: object) =>
    (await call<{ models: Id[] }>('models.get_all', { ...query, only_fields: ['id'] })).models.map(
      ({ id }) => id,
    );
  t.deepEqual(await found({ ready: true }), [other]);
  t.deepEqual(await found({ 'metadata.c.value': ['2'] }), [other]);
  t.deepEqual(await found({ 'metadata.a%2Eb.value': ['1'] }), [made]);
  t.deepEqual(await found({ 'metadata.c.value': ['-2'] }), [made]);
  t.is(await refusal('models.get_all', { 'metadata.a.b.value': ['1'] }), '400/12');

  await call('tasks.add_or_update_model', { task, name: 'out', type: 'output', model: made });
  const { id: user } = await call<Id>('tasks.create', {
    name: 'user',
    type: 'training',
    models: { input: [{ name: 'in', model: made }] },
  });
  t.is(await refusal('models.delete', { model: made }), '400/205');
  t.like(await call('models.delete', { model: made, force: true }), { deleted: true });
  const models = async (id: string) =>
    (
      await call<{ task: { models: { input: { model: string }[]; output: object[] } } }>('tasks.get_by_id', {
        task: id,
      })
    ).task.models;
  t.is((await models(user)).input[0]?.model, `__DELETED__${made}`);
  t.deepEqual((await models(task)).output, []);
});

test('a model is published with the task that made it, unless it says otherwise', async (t) => {
  const { call, refusal } = await serverUnderTest(t);
  const make = async () => {
    const { id: task } = await call<Id>('tasks.create', { name: 'maker', type: 'training' });
    await call('tasks.started', { task });
    await call('tasks.completed', { task });
    const { id: model } = await call<Id>('models.create', { name: 'net', uri: 'u', task, ready: false });
    return { task, model };
  };
  const status = async (task: string) =>
    (await call<{ task: { status: string } }>('tasks.get_by_id', { task })).task.status;
  const first = await make();
  t.like(await call('models.set_ready', { model: first.model }), {
    updated: 1,
    published_task: { id: first.task },
  });
  t.is(await status(first.task), 'published');
  t.is(await refusal('models.delete', { model: first.model }), '400/206');
  const second = await make();
  await call('models.publish_many', { ids: [second.model], publish_task: false });
  t.is(await status(second.task), 'completed');
});

test('projects by place: at the top, anywhere below, and no deeper than allowed', async (t) => {
  const { call, refusal } = await serverUnderTest(t);
  const { id: deep } = await call<Id>('projects.create', { name: 'top/mid/low' });
  const names = async (query: object) =>
    (
      await call<{ projects: { name: string }[] }>('projects.get_all', { ...query, order_by: ['name'] })
    ).projects.map(({ name }) => name);
  t.deepEqual(await names({ parent: [null] }), ['top']);
  const [{ id: top } = { id: '' }] = (await call<{ projects: Id[] }>('projects.get_all', { name: '^top$' }))
    .projects;
  t.deepEqual(await names({ parent: [top] }), ['top/mid', 'top/mid/low']);
  t.deepEqual(await names({ parent: [top], shallow_search: true }), ['top/mid']);
  const long = Array.from({ length: 10 }, (_, level) => `level ${level}`).join('/');
  await call('projects.create', { name: long });
  t.is(await refusal('projects.create', { name: `${long}/more` }), '400/409');
  t.is(await refusal('projects.move', { project: deep, new_location: long }), '400/409');
  t.deepEqual(await call('projects.move', { project: deep, new_location: '' }), { moved: 1 });
  t.deepEqual(await names({ id: [deep] }), ['low']);
  const [user] = (await call<{ users: Id[] }>('users.get_all_ex', { active_in_projects: [deep] })).users;
  t.truthy(user);
});

test('a deleted task leaves its mark in what it made, or takes drafts with it', async (t) => {
  const { call, refusal } = await serverUnderTest(t);
  const create = async (more: object = {}) =>
    (await call<Id>('tasks.create', { name: 'a task', type: 'training', ...more })).id;
  const model = async (task: string, ready: boolean) =>
    (await call<Id>('models.create', { name: 'net', uri: 'u', task, ready })).id;
  const task = await create();
  const child = await create({ parent: task });
  const [draft, used, published] = [
    await model(task, false),
    await model(task, false),
    await model(task, true),
  ];
  await create({ models: { input: [{ name: 'in', model: used }] } });
  t.is(await refusal('tasks.delete', { task }), '400/123');
  const answer = await call('tasks.delete', { task, force: true });
  t.like(answer, { deleted: true, deleted_models: 1, updated_models: 1, updated_children: 1 });
  t.is(await refusal('models.get_by_id', { model: draft }), '400/201');
  const maker = async (id: string) =>
    (await call<{ model: { task?: string } }>('models.get_by_id', { model: id })).model.task;
  t.deepEqual([await maker(used), await maker(published)], [undefined, `__DELETED__${task}`]);
  t.like(await call('tasks.get_by_id', { task: child }), { task: { parent: `__DELETED__${task}` } });
  const kept = await model(child, false);
  await call('tasks.delete', { task: child, delete_output_models: false });
  t.is(await maker(kept), `__DELETED__${child}`);
});

test('who removes a task, a reset run or a project learns which files are left', async (t) => {
  const { call } = await serverUnderTest(t);
  const { id: project } = await call<Id>('projects.create', { name: 'Files' });
  const make = async (): Promise<string> => {
    const { id: task } = await call<Id>('tasks.create', { name: 'a task', type: 'training', project });
    const artifact = { key: 'a', type: 'custom', uri: 'http://f/artifact' };
    await call('tasks.add_or_update_artifacts', {
      task,
      artifacts: [
        { ...artifact, mode: 'output' },
        { ...artifact, mode: 'input', uri: 'http://f/given' },
      ],
    });
    await call('models.create', { name: 'net', uri: 'http://f/model', task, ready: false, project });
    const image = { task, type: 'training_debug_image', metric: 'm', url: 'http://f/image' };
    await call(
      'events.add_batch',
      [1, 2].map((iter) => ({ ...image, variant: `v${iter}`, iter })),
    );
    return task;
  };
  const urls = {
    model_urls: ['http://f/model'],
    event_urls: ['http://f/image'],
    artifact_urls: ['http://f/artifact'],
  };
  const asked = { force: true, return_file_urls: true };
  t.deepEqual((await call('tasks.delete', { task: await make(), ...asked })).urls, urls);
  t.deepEqual((await call('tasks.reset', { task: await make(), ...asked })).urls, urls);
  await make();
  const { urls: all } = await call('projects.delete', { project, force: true, delete_contents: true });
  t.deepEqual(all, urls);
});
