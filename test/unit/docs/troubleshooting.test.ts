import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { buildRequest } from '../../../src/container/arguments/build-request.js';
import { optionsOf, parseArguments } from '../../../src/container/arguments/parse-arguments.js';
import { checkPolicy } from '../../../src/container/policy/check-policy.js';
import { readContainerPolicy } from '../../../src/container/policy/container-policy.js';
import { engineError } from '../../../src/drivers/docker/engine-errors.js';
import { pullError } from '../../../src/drivers/docker/image/pull-errors.js';
import { installError } from '../../../src/python/install/install-failure.js';
import { type RunEnd, settlementOf } from '../../../src/task/outcome.js';
import { caseConfig } from '../../support/case-config.js';
import { recordedSources } from '../../support/docker-argument-sources.js';
import { linePattern, troubleshootingLine, troubleshootingRows } from '../../support/troubleshooting.js';

const ENDS: [row: string, end: RunEnd][] = [
  ['exit-status-0', { kind: 'exit', exit: { kind: 'exited', code: 0 } }],
  ['another-exit-status', { kind: 'exit', exit: { kind: 'exited', code: 3 } }],
  ['killed-by-a-signal', { kind: 'exit', exit: { kind: 'signalled', signal: 'SIGSEGV' } }],
  [
    'out-of-memory-in-a-container',
    { kind: 'exit', exit: { kind: 'signalled', signal: 'SIGKILL', oomKilled: true } },
  ],
  ['aborted-in-the-web-UI', { kind: 'stop', reason: 'stopped' }],
  [
    'stopped-with-its-agent',
    { kind: 'stop', reason: 'shutdown', by: 'agent daemon --stop (worker gpu1:0 on rig1)' },
  ],
  ['interrupted', { kind: 'exit', exit: { kind: 'signalled', signal: 'SIGINT' } }],
  ['lost', { kind: 'exit', exit: { kind: 'lost', reason: 'the machine was restarted' } }],
];

for (const [row, end] of ENDS) {
  test(`the page tells how a command ends: ${row}`, (t) => {
    const { logText, call, status_reason } = settlementOf(end);
    const [line = '', status, reason = ''] = troubleshootingRows().get(row) ?? [];
    t.regex(logText, linePattern(line));
    t.is(status, call);
    t.regex(status_reason, linePattern(reason));
  });
}

/** What engines, registries and installers were seen to print. */
const WORDS: [row: string, error: () => Error][] = [
  ['image-not-found', () => pullError('x:1', 'manifest for x:1 not found: manifest unknown')],
  [
    'image-not-accessible',
    () =>
      pullError(
        'x:1',
        "pull access denied for x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      ),
  ],
  [
    'port-in-use',
    () =>
      engineError(
        'starting the container',
        engineAnswer(
          500,
          'driver failed programming external connectivity on endpoint a (b1c2): Bind for 0.0.0.0:8080 failed: port is already allocated',
        ),
        'unix:///var/run/docker.sock',
      ),
  ],
  [
    'no-permission-on-the-socket',
    () =>
      engineError(
        'asking for its version',
        Object.assign(new Error('connect EACCES'), { code: 'EACCES' }),
        'unix:///var/run/docker.sock',
      ),
  ],
  ['unknown-argument', () => thrown(() => asked(['--nonsense']))],
  ['stray-word', () => thrown(() => asked(['-e', 'A=1', 'B=2']))],
  ['malformed-argument', () => thrown(() => asked(['--memory', 'lots']))],
  [
    'argument-refused-by-policy',
    () =>
      thrown(() => {
        const { options, request } = asked(['--network', 'host']);
        const policy = readContainerPolicy(caseConfig({ 'agent.container_policy.networks': ['none'] }, {}));
        checkPolicy({ image: 'x', options, request: () => request, sources: recordedSources() }, policy);
      }),
  ],
  [
    'index-refuses-the-login',
    () =>
      installError({
        tool: 'uv',
        output:
          'error: Failed to fetch: `http://127.0.0.1:3141/simple/beta/`\n  Caused by: HTTP status client error (401 Unauthorized) for url (http://127.0.0.1:3141/simple/beta/)\n',
        exitCode: 2,
        what: 'beta',
        python: 'Python 3.11.7',
      }),
  ],
];

for (const [row, error] of WORDS) {
  test(`words that were recorded give the line of the page: ${row}`, (t) => {
    t.regex(error().message, troubleshootingLine(row));
  });
}

test('each failure of the page is provoked by a test', (t) => {
  const folder = path.resolve(import.meta.dirname, '../..');
  const tests = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .filter((text) => text.includes('support/troubleshooting.js'));
  const rows = [...troubleshootingRows().keys()];
  t.true(rows.length > 60);
  t.deepEqual(
    rows.filter((row) => !tests.some((text) => text.includes(`'${row}'`))),
    [],
  );
});

/** What a task's arguments ask for. */
function asked(args: readonly string[]) {
  const options = optionsOf(parseArguments(args), 'the task');
  return { options, request: buildRequest(options, recordedSources()).request };
}

/** As the engine's client library throws it. */
function engineAnswer(statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode, json: { message } });
}

function thrown(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
