import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { tellServiceManager } from '../../../src/daemon/service-manager.js';
import { run } from '../../../src/os/exec.js';
import { agentHome } from '../../support/agent-process.js';
import { until } from '../../support/until.js';

const SCRIPT = path.resolve(import.meta.dirname, '../../../bin/agent.js');

/** A user whose systemctl, journalctl and systemd-notify write down what they are asked for. */
async function user(t: ExecutionContext, state = 'running') {
  const home = await agentHome();
  t.teardown(() => rm(home.folder, { recursive: true, force: true }));
  const bin = path.join(home.folder, 'bin');
  const calls = path.join(home.folder, 'calls');
  await mkdir(bin);
  for (const name of ['systemctl', 'journalctl', 'systemd-notify']) {
    const answer =
      name === 'systemctl'
        ? `case "$*" in *is-system-running*) echo ${state};; esac`
        : `echo "words of ${name}"`;
    await writeFile(path.join(bin, name), `#!/bin/sh\necho "${name} $*" >> ${calls}\n${answer}\n`);
    await chmod(path.join(bin, name), 0o755);
  }
  const env = { ...home.env, PATH: `${bin}:${home.env.PATH}` };
  return {
    home,
    env,
    unit: path.join(home.folder, '.config/systemd/user/clearml-agent-gpu0.service'),
    calls: async () =>
      (await readFile(calls, 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
    agent: async (...words: string[]) => {
      const child = spawn(process.execPath, [SCRIPT, ...words], { cwd: home.folder, env });
      const shown = { out: '', err: '' };
      child.stdout.on('data', (data) => (shown.out += String(data)));
      child.stderr.on('data', (data) => (shown.err += String(data)));
      const [status] = await once(child, 'close');
      return { ...shown, status };
    },
  };
}

test('the embedded server is a service of its own, without its secret in the log', async (t) => {
  const { agent, home } = await user(t);
  const installed = await agent('service', 'install', 'server', '--', '--port', '8108');
  t.is(installed.status, 0, installed.err);
  const unit = path.join(home.folder, '.config/systemd/user/clearml-agent-server.service');
  const text = await readFile(unit, 'utf8');
  t.regex(text, /^ExecStart=.*agent\.js server --no-print-conf --port 8108$/m);
  t.regex(text, /^KillMode=mixed$/m);
  t.notRegex(text, /Delegate/);
  t.is((await agent('service', 'status', 'server')).status, 0);
  t.is((await agent('service', 'uninstall', 'server')).status, 0);
  t.regex(
    (await agent('service', 'print', 'server', '--', 'backup')).err,
    /"server backup" is a command of its own/,
  );
  t.regex((await agent('service', 'print', 'server', '--', '--nope')).err, /unknown option '--nope'/);
});

test('install, status, logs, uninstall', async (t) => {
  const { agent, unit, calls } = await user(t);
  const installed = await agent('service', 'install', '--', '--queue', 'gpu q', '--gpus', '0');
  t.is(installed.status, 0, installed.err);
  t.true(installed.out.includes(`Installed ${unit}`));
  t.true(installed.out.includes('loginctl enable-linger'));
  t.true(installed.out.includes('CLEARML_WORKER_NAME'), 'variables of the shell are not the service’s');
  const text = await readFile(unit, 'utf8');
  t.regex(text, /^ExecStart=.*agent\.js daemon --foreground --queue "gpu q" --gpus 0$/m);
  const logs = await agent('service', 'logs', '--name', 'gpu0');
  t.is(logs.out, 'words of journalctl\n');
  t.is((await agent('service', 'status', '--name', 'gpu0')).status, 0);
  const removed = await agent('service', 'uninstall', '--name', 'gpu0');
  t.is(removed.status, 0, removed.err);
  await t.throwsAsync(stat(unit), { code: 'ENOENT' });
  t.deepEqual(await calls(), [
    'systemctl --user is-system-running',
    'systemctl --user daemon-reload',
    'systemctl --user enable clearml-agent-gpu0.service',
    'systemctl --user restart --no-block clearml-agent-gpu0.service',
    'systemctl --user is-system-running',
    'journalctl --user --unit clearml-agent-gpu0.service --lines=200 --no-pager',
    'systemctl --user is-system-running',
    'systemctl --user status --no-pager clearml-agent-gpu0.service',
    'systemctl --user is-system-running',
    'systemctl --user disable --now clearml-agent-gpu0.service',
    'systemctl --user daemon-reload',
  ]);
});

test('where systemd does not run, nothing is written', async (t) => {
  const { agent, unit } = await user(t, 'offline');
  for (const action of ['install', 'status', 'logs', 'uninstall']) {
    const { status, err } = await agent('service', action, '--name', 'gpu0');
    t.is(status, 1);
    t.regex(err, /systemd does not run here.*\n.*agent service print/);
  }
  await t.throwsAsync(stat(unit), { code: 'ENOENT' });
});

test('wrong words are refused', async (t) => {
  const { agent } = await user(t);
  for (const words of [['start'], ['status', '--', '--queue', 'x'], ['install', '--name', 'a/b']]) {
    t.is((await agent('service', ...words)).status, 2, words.join(' '));
  }
});

test('systemd accepts the unit', async (t) => {
  const { agent, home, env } = await user(t);
  for (const scope of [[], ['--system', '--run-as', 'root']]) {
    const { out } = await agent('service', 'print', ...scope, '--', '--queue', 'a "b" c', '$x', '5%');
    const file = path.join(home.folder, 'clearml-agent-test.service');
    await writeFile(file, `${out}\n`);
    const { exitCode, stderr } = await run(['systemd-analyze', 'verify', file], { env });
    t.deepEqual([exitCode, stderr.includes('clearml-agent-test')], [0, false], stderr);
  }
});

test('the daemon notifies systemd that it is ready, then that it is alive', async (t) => {
  const { env, calls } = await user(t);
  const stop = new AbortController();
  await tellServiceManager(env, stop.signal);
  t.deepEqual(await calls(), [], 'nobody waits for it');
  await tellServiceManager({ ...env, NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '400000' }, stop.signal);
  t.deepEqual(await calls(), ['systemd-notify --ready']);
  await until(async () => (await calls()).length >= 3, { what: 'two signs of life' });
  stop.abort();
  // One may be on its way.
  await sleep(500);
  const told = await calls();
  t.deepEqual([...new Set(told.slice(1))], ['systemd-notify WATCHDOG=1']);
  await sleep(500);
  t.is((await calls()).length, told.length);
});
