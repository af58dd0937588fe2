import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { workerFolder } from '../../../src/os/paths.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { until } from '../../support/until.js';

const DAMAGES: readonly [name: string, damage: (file: string) => void][] = [
  ['empty', (file) => writeFileSync(file, '')],
  ['cut short', (file) => writeFileSync(file, '{"workerId":"old:0","pid":')],
  ['zeros', (file) => writeFileSync(file, Buffer.alloc(64))],
  ['of another type', (file) => writeFileSync(file, '[1, "two", null]')],
  ['null', (file) => writeFileSync(file, 'null')],
  ['a folder', (file) => mkdirSync(file)],
];

for (const [name, damage] of DAMAGES) {
  test(`state files that are ${name} stop no command`, async (t) => {
    const { agent, home, enqueue, ended } = await agentUnderTest(t);
    const state = path.join(home.folder, '.clearml', 'agent');
    const old = path.join(state, 'workers', 'old-0123456789');
    const run = path.join(old, 'runs', 'abc-0123456789.1');
    mkdirSync(path.join(run, 'log'), { recursive: true });
    const own = workerFolder(state, 'test:0');
    mkdirSync(own, { recursive: true });
    const files = [
      path.join(old, 'daemon.json'),
      path.join(old, 'lock'),
      path.join(old, 'kept-workspace'),
      path.join(run, 'journal.jsonl'),
      path.join(run, 'log', 'upload.json'),
      path.join(own, 'daemon.json'),
      path.join(own, 'lock'),
    ];
    for (const file of files) damage(file);
    const done = async (...words: string[]) => {
      const process = agent(...words);
      return { status: (await process.exited).code, output: process.output() };
    };
    const id = await enqueue({ binary: '/bin/sh', entry_point: 'a.sh', diff: '#!/bin/sh\necho ran\n' });
    const started = await done('daemon', '--queue', 'default', '--detached');
    t.is(started.status, 0, started.output);
    t.is((await ended(id)).status, 'completed');
    for (const words of [
      ['daemon', '--status'],
      ['list'],
      ['cache', 'list'],
      ['cache', 'prune', '--all'],
      ['execute', '--id', id],
    ]) {
      const { status, output } = await done(...words);
      t.is(status, 0, `${words.join(' ')}: ${output}`);
    }
    t.deepEqual(
      readdirSync(path.dirname(run)),
      [path.basename(run)],
      'kept: it may belong to something running',
    );
    const stopped = await done('daemon', '--stop');
    t.is(stopped.status, 0, stopped.output);
    t.notRegex(stopped.output, /damaged/, 'its daemon is gone');
  });
}

test('a daemon whose file is damaged is stopped all the same', async (t) => {
  const { daemon, agent, home } = await agentUnderTest(t);
  const running = daemon();
  const file = path.join(workerFolder(path.join(home.folder, '.clearml', 'agent'), 'test:0'), 'daemon.json');
  const serves = () => running.output().includes('Listening to queues');
  await until(serves, { what: 'the daemon', context: running.output });
  writeFileSync(file, '');
  const stop = agent('daemon', '--stop');
  t.is((await stop.exited).code, 0, stop.output());
  t.regex(stop.output(), /daemon\.json is damaged; its daemon runs \(process \d+\)/);
  t.is((await running.exited).code, 0);
});
