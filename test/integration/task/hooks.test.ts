import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { createLogger } from '../../../src/logs/logger.js';
import { Redactor } from '../../../src/secrets/redactor.js';
import { checkHooks, type HookProgram, hookSettings } from '../../../src/task/hooks/hook-settings.js';
import { Hooks } from '../../../src/task/hooks/hooks.js';
import { flatConfig } from '../../support/flat-config.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function hooksOf(t: ExecutionContext, script: string, { timeoutMs = 60_000, args = [] as string[] } = {}) {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'hook');
  writeFileSync(file, script);
  chmodSync(file, 0o755);
  const written: string[] = [];
  const stream = new Writable({
    write: (chunk, _, done) => {
      written.push(String(chunk));
      done();
    },
  });
  const logger = createLogger({ stream, redactor: new Redactor(['s3cretWord']) });
  const program: HookProgram = [file, ...args];
  const settings = { programs: new Map([['before_task', program] as const]), timeoutMs, warnings: [] };
  const env = { PATH: process.env.PATH, CLEARML_API_SECRET_KEY: 's3cretWord', HTTPS_PROXY: 'http://u:p@h' };
  const hooks = new Hooks({ settings, env, host: 'rig', logger });
  const call = (facts = {}) => hooks.run('before_task', { worker: 'rig:0', facts });
  return { hooks, call, file, log: () => written.join('') };
}

test('a hook gets its words as they are, without a shell', async (t) => {
  const { call, log } = hooksOf(t, '#!/bin/sh\nprintf "<%s>\\n" "$@"\n', { args: ['$HOME; a b', '*'] });
  t.is(await call(), undefined);
  const text = log();
  t.true(text.includes('hook before_task: <$HOME; a b>\n'), text);
  t.true(text.includes('hook before_task: <*>\n'), text);
});

test('a hook has the facts in variables and on standard input, and no login', async (t) => {
  const { call, log } = hooksOf(t, '#!/bin/sh\nenv | grep -v "^PWD\\|^_=\\|^SHLVL\\|^PATH=" | sort\ncat\n');
  t.is(await call({ task: 'a1', task_name: `two\nlines ${'x'.repeat(2000)}`, reason: undefined }), undefined);
  const lines = log()
    .split('\n')
    .map((line) => line.replace(/^\S+ INFO +hook before_task: /, ''));
  t.deepEqual(lines.slice(0, 5), [
    'CLEARML_AGENT_HOOK=before_task',
    'CLEARML_AGENT_HOOK_HOST=rig',
    'CLEARML_AGENT_HOOK_TASK=a1',
    `CLEARML_AGENT_HOOK_TASK_NAME=two lines ${'x'.repeat(990)}`,
    'CLEARML_AGENT_HOOK_WORKER=rig:0',
  ]);
  const facts: unknown = JSON.parse(lines[5] ?? '');
  t.like(facts, { version: 1, hook: 'before_task', worker: 'rig:0', host: 'rig', task: 'a1' });
  t.is((facts as { task_name: string }).task_name.length, 2010);
});

test('a hook that hangs is killed with all that it started', async (t) => {
  const { call, hooks } = hooksOf(t, '#!/bin/sh\ntrap "" TERM\nsleep 300 & sleep 300\n', { timeoutMs: 300 });
  t.regex((await call()) ?? '', /hook ran for more than 0\.3 s and was killed$/);
  t.is(hooks.failures.get('before_task'), 1);
});

test('of a huge output the beginning is kept, and memory stays flat', async (t) => {
  const { call, log } = hooksOf(t, '#!/bin/sh\nyes s3cretWord | head -c 20000000\n');
  t.is(await call(), undefined);
  const text = log();
  t.true(text.length < 1_000_000, String(text.length));
  t.regex(text, /hook before_task: 19934464 more characters of the hook's output are left out/);
  t.false(text.includes('s3cretWord'));
});

test('a hook that is missing by now, or was changed by others, fails', async (t) => {
  const { call, file, hooks, log } = hooksOf(t, '#!/bin/sh\n');
  chmodSync(file, 0o777);
  t.regex((await call({ task: 'a1' })) ?? '', /is not run: \S+ can be written by other users/);
  rmSync(file);
  t.regex((await call({ task: 'a1' })) ?? '', /is not run: it does not exist/);
  t.is(hooks.failures.get('before_task'), 2);
  t.regex(log(), /WARNING task a1: the hook before_task failed: /);
});

test('what cannot be executed is a failure, not a crash', async (t) => {
  const { call } = hooksOf(t, '#!/no/such/interpreter\n');
  t.regex((await call()) ?? '', /interpreter|hook/);
});

const settingsOf = (config: Record<string, string | string[]>) =>
  hookSettings(flatConfig({ config, env: {} }), '/home/me');

test('the configuration names a path or words', (t) => {
  const { programs, timeoutMs } = settingsOf({
    'agent.hooks.agent_start': '~/my hooks/start',
    'agent.hooks.on_abort': ['/bin/echo', 'a b'],
  });
  t.deepEqual(
    [...programs],
    [
      ['agent_start', ['/home/me/my hooks/start']],
      ['on_abort', ['/bin/echo', 'a b']],
    ],
  );
  t.is(timeoutMs, 60_000);
});

test('a relative path and a missing program are refused at start', async (t) => {
  const relative = t.throws(() => settingsOf({ 'agent.hooks.on_abort': 'hook.sh' }));
  t.true(isAgentError(relative, 'CONFIG_VALUE'));
  t.regex(relative.message, /agent\.hooks\.on_abort: expected an absolute path, found "hook\.sh"$/);
  const missing = await t.throwsAsync(checkHooks(settingsOf({ 'agent.hooks.on_abort': '/no/hook' })));
  t.is(missing.message, 'agent.hooks.on_abort: /no/hook is not run: it does not exist');
});
