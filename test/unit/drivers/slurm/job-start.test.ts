import test from 'ava';
import { JobBoard, type JobView } from '../../../../src/drivers/slurm/job-board.js';
import { jobStarts } from '../../../../src/drivers/slurm/job-start.js';
import { stepWords } from '../../../../src/drivers/slurm/job-steps.js';

type Answer = Extract<JobView, { kind: 'listed' }>['job'] | undefined | Error;

const job = (state: string, reason = 'None', node = '') => ({ id: '5', key: 'k', state, node, reason });

/** Waits for a job whose listings are the answers, the last one for good. */
function waiting(...answers: Answer[]) {
  const end = new AbortController();
  const lines: string[] = [];
  const board = new JobBoard({
    tickMs: 5,
    signal: end.signal,
    list: async () => {
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      return new Map(answer === undefined ? [] : [['k', answer]]);
    },
  });
  const reporter = { line: (text: string) => lines.push(text), output: () => undefined };
  const started = jobStarts({ key: 'k', id: '5', board, reporter, signal: end.signal });
  return { started, lines, end };
}

test('the node of a job that starts, with each pending reason once', async (t) => {
  const pending = job('PENDING', 'Resources');
  const { started, lines } = waiting(
    pending,
    pending,
    job('PENDING', 'Priority'),
    job('CONFIGURING', 'None', 'n1'),
    job('RUNNING', 'None', 'n1'),
  );
  t.is(await started, 'n1');
  t.deepEqual(
    lines.map((line) => line.split(' (', 1)[0]),
    ['Slurm job 5 is pending: Resources', 'Slurm job 5 is pending: Priority'],
  );
});

const ENDS: Record<string, { answer: Answer; cause: RegExp }> = {
  'was cancelled': { answer: job('CANCELLED'), cause: /CANCELLED/ },
  'is forgotten': { answer: undefined, cause: /does not know it any more/ },
  'is held after its prolog failed': {
    answer: job('PENDING', 'launch failed requeued held'),
    cause: /launch failed/,
  },
};

for (const [title, { answer, cause }] of Object.entries(ENDS)) {
  test(`a job that ${title} before it runs is an error with the cause`, async (t) => {
    const { started } = waiting(answer);
    const error = await t.throwsAsync(started, { code: 'SLURM_JOB' } as never);
    t.regex(error?.message ?? '', cause);
  });
}

test('an abort ends the wait with its reason', async (t) => {
  const { started, end } = waiting(job('PENDING', 'Resources'));
  end.abort(new Error('stopped by the user'));
  await t.throwsAsync(started, { message: 'stopped by the user' });
});

test('a step is a vector of words beside the script of the job', (t) => {
  const words = stepWords('5', ['sh', '-c', 'echo "$1"', 'sh', '--', '$(id)']);
  t.deepEqual(words.slice(words.indexOf('--') + 1), ['sh', '-c', 'echo "$1"', 'sh', '--', '$(id)']);
  t.true(words.includes('--jobid=5') && words.includes('--overlap'));
});
