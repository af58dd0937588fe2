import { appendFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';

const FAILURES: [
  what: string,
  words: string[],
  config: string,
  script: Record<string, unknown>,
  cause: RegExp,
][] = [
  [
    'the engine does not answer',
    ['--docker', 'python:3.12'],
    '',
    { entry_point: 'main.py' },
    /\/nonexistent\/docker\.sock/,
  ],
  [
    'the interpreter that is configured is not there',
    [],
    'agent { python_binary: "/nonexistent/python", ignore_requested_python_version: true }\n',
    { entry_point: 'main.py' },
    /\/nonexistent\/python, asked for by agent\.python_binary, was not found/,
  ],
  [
    'a field of the task has a wrong type',
    [],
    '',
    { entry_point: 'main.py', requirements: { pip: 7 } },
    /script\.requirements\.pip of the task: expected a text or a list of texts, found 7/,
  ],
];

for (const [what, words, config, script, cause] of FAILURES) {
  test(`nothing is cloned when ${what}`, async (t) => {
    const { agent, call, enqueue, home } = await agentUnderTest(t, {
      DOCKER_HOST: 'unix:///nonexistent/docker.sock',
    });
    appendFileSync(path.join(home.folder, 'clearml.conf'), config);
    const id = await enqueue(script);
    const started = agent('execute', '--id', id, '--clone', ...words);
    t.is((await started.exited).code, 1, started.output());
    t.regex(started.output(), cause);
    const { tasks } = await call<{ tasks: unknown[] }>('tasks.get_all', { name: 'Clone of' });
    t.deepEqual(tasks, []);
  });
}

test('a task stays in its queue when the engine does not answer', async (t) => {
  const { agent, enqueue, task } = await agentUnderTest(t, {
    DOCKER_HOST: 'unix:///nonexistent/docker.sock',
  });
  const id = await enqueue({ entry_point: 'main.py' });
  const started = agent('execute', '--id', id, '--docker', 'python:3.12');
  t.is((await started.exited).code, 1, started.output());
  t.is((await task(id)).status, 'queued');
});
