import test from 'ava';
import { readRestartRule, restartPolicy } from '../../../src/container/choice/restart-policy.js';
import { appArchive } from '../../support/app-archive.js';
import { clientOf, type ServerUnderTest, serverUnderTest } from '../../support/embedded-server.js';
import { folderWithUsers } from '../../support/server-users.js';
import { zipOf } from '../../support/zip-file.js';

interface Instance {
  instance: {
    status: string;
    resumable: boolean;
    parameters: Record<string, unknown>;
    application: Record<string, unknown>;
  };
  dashboard: { contents: { text?: string; title: string }[] }[];
}

async function upload({ call }: Pick<ServerUnderTest, 'call'>, version = '1.0') {
  const archive = await appArchive((text) => text.replace('version: 1.0', `version: "${version}"`));
  return call<{ id: string; version: string; replaced: boolean }>('apps.upload', { archive });
}

/** The application, its queue and a project to choose. */
async function prepared(server: ServerUnderTest): Promise<{ project: string }> {
  await upload(server);
  await server.call('queues.create', { name: 'custom_apps_queue' });
  const { id } = await server.call<{ id: string }>('projects.create', { name: 'Networks' });
  return { project: id };
}

function launch(
  { call }: ServerUnderTest,
  parameters: object,
): Promise<{ id: string; queue_watched: boolean }> {
  return call('apps.launch', { app: 'simple-app', name: 'an instance', parameters });
}

async function message(server: ServerUnderTest, endpoint: string, body: object): Promise<string> {
  return server.call(endpoint, body).then(
    () => 'no refusal',
    (error: Error) => error.message,
  );
}

test('an application is uploaded, listed, replaced and deleted, versions side by side', async (t) => {
  const server = await serverUnderTest(t);
  const { call, refusal } = server;
  t.like(await upload(server, '1.9.0'), { id: 'simple-app', version: '1.9.0', replaced: false });
  t.like(await upload(server, '1.10.0'), { replaced: false });
  t.like(await upload(server, '1.9.0'), { replaced: true });
  const { apps } = await call<{ apps: object[] }>('apps.get_all');
  t.is(apps.length, 1);
  t.like(apps[0], { version: '1.10.0', versions: ['1.10.0', '1.9.0'], category: 'Examples', featured: 10 });
  t.false('task' in (apps[0] ?? {}));
  t.like(await call('apps.get_by_id', { app: 'simple-app', version: '1.9.0' }), {
    app: { version: '1.9.0' },
  });
  t.like(await call('apps.delete', { app: 'simple-app', version: '1.9.0' }), { deleted: 1, instances: 0 });
  t.is(await refusal('apps.get_by_id', { app: 'simple-app', version: '1.9.0' }), '400/10');
  t.like(await call('apps.delete', { app: 'simple-app' }), { deleted: 1 });
  t.is(await refusal('apps.delete', { app: 'simple-app' }), '400/10');
  t.deepEqual(await call('apps.get_all'), { apps: [] });
});

test('the newest version comes first, and what leads to it before that', async (t) => {
  const server = await serverUnderTest(t);
  const newestFirst = ['1.10.0', '1.2.0+build2', '1.2.0', '1.2.0-rc10', '1.2.0-rc2', '1.1.9', '1'];
  for (const version of [...newestFirst].sort()) await upload(server, version);
  const { apps } = await server.call<{ apps: { version: string; versions: string[] }[] }>('apps.get_all');
  t.deepEqual(apps[0]?.versions, newestFirst);
  t.is(apps[0]?.version, '1.10.0');
});

test('an archive that is no application is refused with all of its errors', async (t) => {
  const server = await serverUnderTest(t);
  const archive = await appArchive((text) =>
    text.replace('type: log }', 'type: logs }').replace('name: "A', 'nam: "A'),
  );
  const refused = await message(server, 'apps.upload', { archive });
  t.regex(refused, /simple\.app\.conf:\d+: dashboard\.lines\.2\.contents\.0\.type: expected one of/);
  t.regex(refused, /simple\.app\.conf:\d+: name: expected a text, found none/);
  const evil = zipOf({ '../x.app.conf': 'id: a' }).toString('base64');
  t.regex(await message(server, 'apps.upload', { archive: evil }), /400\/12.*invalid relative path/);
  t.regex(
    await message(server, 'apps.upload', { archive: 'not base64 at all' }),
    /400\/12.*expected a zip archive/,
  );
});

test('only administrators upload and delete; every user launches', async (t) => {
  const { folder, keysOf } = await folderWithUsers(t, ['jane']);
  const server = await serverUnderTest(t, { folder });
  const { project } = await prepared(server);
  const credentials = keysOf.get('jane');
  if (credentials === undefined) throw new Error('no keys');
  const jane = clientOf({ url: server.server.url, credentials });
  t.is(await jane.refusal('apps.upload', { archive: await appArchive() }), '403/20');
  t.is(await jane.refusal('apps.delete', { app: 'simple-app' }), '403/20');
  const { id } = await jane.call<{ id: string }>('apps.launch', {
    app: 'simple-app',
    parameters: { project },
  });
  const { task } = await jane.call<{ task: { user: string } }>('tasks.get_by_id', { task: id });
  t.is(task.user, 'user-jane');
});

test('a launch makes the configured task in the queue of the application', async (t) => {
  const server = await serverUnderTest(t);
  const { project } = await prepared(server);
  const { id, queue_watched } = await launch(server, { project, a_bool: true, a_string: '<b>&"' });
  t.false(queue_watched);
  const { task } = await server.call<{ task: Record<string, unknown> }>('tasks.get_by_id', { task: id });
  t.like(task, {
    name: 'an instance',
    type: 'application',
    status: 'queued',
    system_tags: ['application'],
    application: { id: 'simple-app', name: 'A simple application', version: '1.0', resumable: true },
    container: { image: 'python:3.12', arguments: '--cap-drop=ALL' },
  });
  const { queue } = await server.call<{ queue: { entries: { task: string }[] } }>('queues.get_by_id', {
    queue: (task.execution as { queue: string }).queue,
  });
  t.deepEqual(
    queue.entries.map((entry) => entry.task),
    [id],
  );
  const { instances } = await server.call<{ instances: { id: string }[] }>('apps.get_instances', {
    app: 'simple-app',
  });
  t.deepEqual(
    instances.map((one) => one.id),
    [id],
  );
  const shown = await server.call<Instance>('apps.get_instance', { task: id });
  t.is(shown.dashboard[0]?.contents[0]?.text, '<h2>The text is &lt;b&gt;&amp;&quot;</h2>');
  t.like(shown.instance, { status: 'queued', resumable: false, parameters: { a_string: '<b>&"' } });
});

test('wrong parameters are refused with a message for each field, and nothing is made', async (t) => {
  const server = await serverUnderTest(t);
  await prepared(server);
  const body = { app: 'simple-app', parameters: { project: 'nowhere', count: 'x' } };
  const refused = await message(server, 'apps.launch', body);
  t.regex(refused, /400\/16/);
  t.regex(refused, /"count":"expected a whole number, found \\"x\\""/);
  t.regex(refused, /"project":"expected the id of a project that can be chosen, found \\"nowhere\\""/);
  t.deepEqual(await server.call('apps.get_instances'), { instances: [], more: false });
});

test('a queue that does not exist is named with the command that makes it', async (t) => {
  const server = await serverUnderTest(t);
  await upload(server);
  const { id: project } = await server.call<{ id: string }>('projects.create', { name: 'Networks' });
  const refused = await message(server, 'apps.launch', { app: 'simple-app', parameters: { project } });
  t.regex(
    refused,
    /400\/701.*there is no queue "custom_apps_queue"; "agent daemon --services-mode --create-queue --queue custom_apps_queue" makes and serves it/,
  );
  t.deepEqual(await server.call('apps.get_instances'), { instances: [], more: false });
});

test('choices come from the objects of the server, by the filter of the guide', async (t) => {
  const server = await serverUnderTest(t);
  const { project } = await prepared(server);
  for (const name of ['Example one', 'examples', 'An example'])
    await server.call('projects.create', { name });
  const choices = (fields: object) =>
    server.call<{ choices: { label: string; value: string }[] }>('apps.get_choices', {
      app: 'simple-app',
      ...fields,
    });
  const all = await choices({ field: 'project' });
  t.deepEqual(
    all.choices.map(({ label }) => label),
    ['An example', 'Networks'],
  );
  t.is(all.choices[1]?.value, project);
  t.deepEqual((await choices({ field: 'project', search: 'netw' })).choices.length, 1);
  t.deepEqual((await choices({ field: 'size' })).choices, [
    { label: 'small', value: 'small' },
    { label: 'large', value: 'large' },
  ]);
  t.is(await server.refusal('apps.get_choices', { app: 'simple-app', field: 'count' }), '400/10');
});

test('an instance is stopped, resumed and cloned', async (t) => {
  const server = await serverUnderTest(t);
  const { call, refusal } = server;
  const { project } = await prepared(server);
  const { id } = await launch(server, { project, count: 5 });
  await call('apps.stop_instance', { task: id });
  t.like((await call<Instance>('apps.get_instance', { task: id })).instance, {
    status: 'stopped',
    resumable: true,
  });
  await call('apps.resume_instance', { task: id });
  t.is((await call<Instance>('apps.get_instance', { task: id })).instance.status, 'queued');
  t.is(await refusal('apps.resume_instance', { task: id }), '400/110');
  const copy = await call<{ id: string }>('apps.clone_instance', { task: id });
  t.deepEqual(
    (await call<Instance>('apps.get_instance', { task: copy.id })).instance.parameters,
    (await call<Instance>('apps.get_instance', { task: id })).instance.parameters,
  );
  const other = await call<{ id: string }>('apps.clone_instance', {
    task: id,
    name: 'other',
    parameters: { project, count: 6 },
  });
  t.is((await call<Instance>('apps.get_instance', { task: other.id })).instance.parameters.count, 6);
  const { id: plain } = await call<{ id: string }>('tasks.create', { name: 'plain task', type: 'training' });
  t.is(await refusal('apps.stop_instance', { task: plain }), '400/101');
});

test('an instance keeps the dashboard of its version when the application is updated and deleted', async (t) => {
  const server = await serverUnderTest(t);
  const { call, refusal } = server;
  const { project } = await prepared(server);
  const { id } = await launch(server, { project });
  const archive = await appArchive((text) =>
    text.replace('version: 1.0', 'version: 2.0.0').replace('title: "Log"', 'title: "New title"'),
  );
  await call('apps.upload', { archive });
  const titles = async () =>
    (await call<Instance>('apps.get_instance', { task: id })).dashboard[2]?.contents[0]?.title;
  t.is(await titles(), 'Log');
  t.like(await call('apps.delete', { app: 'simple-app' }), { deleted: 2, instances: 1 });
  t.is(await titles(), 'Log');
  // Whoever looks for the instances finds what is left of the application.
  t.like(await call('apps.get_by_id', { app: 'simple-app' }), {
    app: { version: '1.0', versions: [], deleted: true },
  });
  t.is(await refusal('apps.launch', { app: 'simple-app', parameters: { project } }), '400/10');
  t.is(
    await refusal('apps.launch', { app: 'simple-app', version: '1.0', parameters: { project } }),
    '400/10',
  );
});

test('an asset is served with a safe type and no page of its own', async (t) => {
  const server = await serverUnderTest(t);
  await upload(server);
  const { accessKey, secretKey } = server.server.credentials;
  const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
  const asset = (name: string) =>
    fetch(`${server.server.url}/apps.get_asset`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ app: 'simple-app', name }),
    });
  const icon = await asset('icons/app@2x.png');
  t.is(icon.headers.get('content-type'), 'image/png');
  t.is(await icon.text(), 'content of icons/app@2x.png');
  const page = await asset('empty.html');
  t.is(page.headers.get('content-type'), 'text/plain; charset=utf-8');
  t.is(page.headers.get('x-content-type-options'), 'nosniff');
  t.is(page.headers.get('content-security-policy'), "default-src 'none'; sandbox");
  t.is((await asset('../server.db')).status, 400);
});

test('HTML of an instance is a document without session, scripts and requests, which only its address opens', async (t) => {
  const server = await serverUnderTest(t);
  const { project } = await prepared(server);
  const { id } = await launch(server, { project, a_bool: true, a_string: '<script>alert(1)</script>' });
  const element = { task: id, line: 0, element: 0 };
  const { frame } = await server.call<{ frame: string }>('apps.get_element_frame', element);
  const shown = await fetch(`${server.server.url}/apps.show_frame?frame=${frame}&theme=dark`);
  t.is(shown.headers.get('content-type'), 'text/html; charset=utf-8');
  t.is(
    shown.headers.get('content-security-policy'),
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
  );
  const html = await shown.text();
  t.true(html.includes('<h2>The text is &lt;script&gt;alert(1)&lt;/script&gt;</h2>'), html);
  t.is((await fetch(`${server.server.url}/apps.show_frame?frame=${'0'.repeat(32)}`)).status, 400);
  t.is(await server.refusal('apps.get_element_frame', { ...element, line: 2 }), '400/10');
  const empty = await server.call<{ frame: string }>('apps.get_empty_frame', { app: 'simple-app' });
  const page = await fetch(`${server.server.url}/apps.show_frame?frame=${empty.frame}`);
  t.true((await page.text()).includes('<body>content of empty.html</body>'));
});

test('the restart policy of the guide finds the application in the task that the server gives', async (t) => {
  const server = await serverUnderTest(t);
  const { project } = await prepared(server);
  const { id } = await launch(server, { project });
  const { task } = await server.call<{ task: unknown }>('tasks.get_by_id', { task: id });
  const rule = readRestartRule('on-failure;application.resumable=True');
  t.is(restartPolicy(rule, task), 'on-failure');
});
