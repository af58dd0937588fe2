import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { until } from '../../support/until.js';

/** Machines that run many tests at once are slow. */
const PATIENCE_MS = 170_000;

const SHELL = { binary: '/bin/sh', entry_point: 'main.sh' };

interface Line {
  time: string;
  level: string;
  worker: string;
  message: string;
  task?: string;
  source?: string;
}

function linesOf(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

test('with --log-format json every line is an object, and those of a task name it', async (t) => {
  const agent = await agentUnderTest(t, { CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3' });
  const id = await agent.enqueue({
    ...SHELL,
    diff: 'printf "no end"; sleep 0.2; echo " yet"; echo \'{"a":1}\'',
  });
  const daemon = agent.daemon('--log-format', 'json');
  t.is((await agent.ended(id, PATIENCE_MS)).status, 'completed', daemon.output());
  daemon.kill('SIGTERM');
  t.is((await daemon.exited).code, 0, daemon.output());
  const lines = linesOf(daemon.output());
  for (const { time, level, worker, message } of lines) {
    t.false(Number.isNaN(Date.parse(time)));
    t.regex(level, /^(DEBUG|INFO|WARNING|ERROR)$/);
    t.regex(worker, /^test/);
    t.is(typeof message, 'string');
  }
  t.true(lines.some(({ message, worker }) => worker === 'test:0' && message.includes('Listening to queues')));
  const console = lines.filter(({ source }) => source === 'task');
  t.true(console.every(({ task }) => task === id));
  const texts = console.map(({ message }) => message);
  t.true(texts.includes('no end yet'), texts.join('\n'));
  t.true(texts.includes('{"a":1}'));
});

test('agent.log_format applies to the log of a daemon in the background', async (t) => {
  const agent = await agentUnderTest(t);
  appendFileSync(path.join(agent.home.folder, 'clearml.conf'), '\nagent.log_format: json\n');
  const start = agent.agent('daemon', '--queue', 'default', '--detached');
  t.is((await start.exited).code, 0, start.output());
  const [, file = ''] = /writing to (\S+)/.exec(start.output()) ?? [];
  const text = () => readFileSync(file, 'utf8');
  try {
    await until(() => text().includes('Listening to queues'), {
      what: 'the daemon',
      context: text,
      timeoutMs: PATIENCE_MS,
    });
  } finally {
    const stop = agent.agent('daemon', '--stop', 'test:0');
    await stop.exited;
  }
  const lines = linesOf(text());
  t.true(lines.length > 3);
  t.true(lines.every(({ time, level, worker }) => time !== '' && level !== '' && worker !== ''));
});

test('an unknown format is refused', async (t) => {
  const agent = await agentUnderTest(t);
  const daemon = agent.daemon('--log-format', 'xml');
  t.is((await daemon.exited).code, 2);
  t.regex(daemon.output(), /--log-format/);
});
