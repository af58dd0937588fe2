import test from 'ava';
import { JobBoard, type JobView } from '../../../../src/drivers/slurm/job-board.js';
import type { ListedJob } from '../../../../src/drivers/slurm/job-list.js';
import { until } from '../../../support/until.js';

const job = (key: string): ListedJob => ({ id: '1', key, state: 'RUNNING', node: 'n1', reason: 'None' });

function board(list: () => Promise<Map<string, ListedJob>>) {
  const end = new AbortController();
  return { end, board: new JobBoard({ list, signal: end.signal, tickMs: 5 }) };
}

test('one list a tick serves all jobs', async (t) => {
  let [asked, atOnce, most] = [0, 0, 0];
  const keys = Array.from({ length: 1000 }, (_, at) => `k${at}`);
  const { board: jobs, end } = board(async () => {
    asked++;
    most = Math.max(most, ++atOnce);
    await new Promise((resolve) => setTimeout(resolve, 5));
    atOnce--;
    return new Map(keys.map((key) => [key, job(key)]));
  });
  const seen = new Map<string, number>();
  for (const key of keys) jobs.watch(key, () => seen.set(key, (seen.get(key) ?? 0) + 1));
  await until(() => asked >= 4, { what: 'four lists' });
  end.abort();
  t.is(most, 1);
  t.is(seen.size, 1000);
  t.true(Math.max(...seen.values()) <= asked);
});

test('a job that Slurm does not list, and a Slurm that is away, are different things', async (t) => {
  const answers = [new Map([['a', job('a')]]), new Map<string, ListedJob>()];
  const views: JobView[] = [];
  const { board: jobs, end } = board(async () => {
    const answer = answers.shift();
    if (answer === undefined) throw new Error('no answer');
    return answer;
  });
  jobs.watch('a', (view) => views.push(view));
  await until(() => views.length === 3, { what: 'three views' });
  end.abort();
  t.deepEqual(views, [
    { kind: 'listed', job: job('a') },
    { kind: 'missing' },
    { kind: 'away', words: 'no answer' },
  ]);
});

test('a job that is watched from now on hears nothing of a list that was asked for before', async (t) => {
  let answer: (jobs: Map<string, ListedJob>) => void = () => undefined;
  const { board: jobs, end } = board(
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  );
  const heard: string[] = [];
  jobs.watch('old', () => heard.push('old'));
  const first = answer;
  await until(() => answer !== first, { what: 'the first list' });
  jobs.watch('young', ({ kind }) => heard.push(`young ${kind}`));
  const asked = answer;
  answer(new Map());
  await until(() => answer !== asked, { what: 'the second list' });
  t.deepEqual(heard, ['old']);
  answer(new Map([['young', job('young')]]));
  await until(() => heard.length === 3, { what: 'the second list' });
  end.abort();
  t.true(heard.includes('young listed'));
});

test('nothing is asked while no job is watched', async (t) => {
  let asked = 0;
  const { board: jobs, end } = board(async () => {
    asked++;
    return new Map();
  });
  const leave = jobs.watch('a', () => undefined);
  await until(() => asked > 0, { what: 'a list' });
  leave();
  leave();
  const before = asked;
  const again = jobs.watch('b', () => undefined);
  await until(() => asked > before + 1, { what: 'further lists' });
  again();
  const [rest] = [asked];
  await new Promise((resolve) => setTimeout(resolve, 60));
  t.true(asked <= rest + 1);
  end.abort();
});
