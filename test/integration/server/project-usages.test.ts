import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';

interface Usages {
  total: {
    id: string | null;
    name: string | null;
    duration: number;
    gpu_usage: number;
    gpu_artificial_weights: boolean;
  }[];
  series: { id: string | null; dates: number[]; duration: number[] }[];
}

const at = (text: string) => Date.parse(text);

function durations(usages: Usages | undefined): Record<string, number> {
  return Object.fromEntries(usages?.total.map(({ name, duration }) => [name ?? 'none', duration]) ?? []);
}

test('running times of tasks are told by project, user, queue and day', async (t) => {
  const clock = { now: at('2026-11-01T22:00:00Z') };
  const { call, refusal } = await serverUnderTest(t, { now: () => clock.now });
  const project = async (name: string) => (await call<{ id: string }>('projects.create', { name })).id;
  const [top, below, deep] = [
    await project('Top'),
    await project('Top/Below'),
    await project('Top/Below/Deep'),
  ];
  const queues = await call<{ queues: { id: string; name: string }[] }>('queues.get_all');
  const [queue] = queues.queues;
  const run = async (of: string, hours: number, more: object = {}, end = 'tasks.completed') => {
    const task = { name: 'a task', type: 'training', project: of, ...more };
    const { id } = await call<{ id: string }>('tasks.create', task);
    if (!('system_tags' in more)) await call('tasks.enqueue', { task: id });
    const began = clock.now;
    await call('tasks.started', { task: id, force: true });
    clock.now += hours * 3_600_000;
    await call(end, { task: id, force: true });
    clock.now = began;
  };
  await run(top, 1);
  await run(below, 3);
  await run(deep, 1, {}, 'tasks.failed');
  await run(top, 5, { type: 'controller' });
  await run(top, 5, { system_tags: ['development'] });
  clock.now = at('2026-11-05T00:00:00Z');

  const asked = { projects: [top], from_date: '2026-11-01T10:00:00+00:00', to_date: '2026-11-02T00:00:00Z' };
  const ask = (more: object = {}) =>
    call<Record<string, Usages>>('organization.get_project_usages', { ...asked, ...more });
  const { projects, queues: byQueue, users } = await ask();
  const day = at('2026-11-01T00:00:00Z') / 1000;
  t.deepEqual(durations(projects), { Top: 3600, 'Top/Below': 4 * 3600 });
  const [ofBelow] = projects?.series.filter(({ id }) => id === below) ?? [];
  t.deepEqual(
    [ofBelow?.dates, ofBelow?.duration],
    [
      [day, day + 86_400],
      [3 * 3600, 3600],
    ],
  );
  t.deepEqual(byQueue?.total, [
    {
      id: queue?.id ?? '',
      name: 'default',
      duration: 5 * 3600,
      gpu_usage: 5 * 3600,
      gpu_artificial_weights: true,
    },
  ]);
  t.is(users?.total.length, 1);

  // The first day ends two hours earlier there, before the tasks began.
  const east = await ask({
    from_date: '2026-11-01T00:00:00+02:00',
    breakdown_keys: ['project'],
    usage_fields: ['duration'],
  });
  t.deepEqual(Object.keys(east), ['projects']);
  t.deepEqual(east.projects?.series.find(({ id }) => id === below)?.duration, [0, 4 * 3600]);
  const { queues: all } = await ask({ include_development: true });
  t.deepEqual(durations(all), { default: 5 * 3600, none: 5 * 3600 });
  t.deepEqual((await ask({ projects: [] })).projects, { total: [], series: [] });
  for (const wrong of [
    { from_date: 'soon' },
    { to_date: '2026-10-01' },
    { breakdown_keys: ['tag'] },
    { projects: 'x'.repeat(3), from_date: '0001-01-01' },
  ])
    t.is(
      await refusal('organization.get_project_usages', { ...asked, ...wrong }),
      '400/12',
      JSON.stringify(wrong),
    );
});
