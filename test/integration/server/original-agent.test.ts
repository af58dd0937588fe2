import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { serverConfText } from '../../../src/server/server.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { pythonTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const AGENTS = { '3.0.3': 'clearml-agent', '1.9.3': 'old-clearml-agent' } as const;

for (const [release, tool] of Object.entries(AGENTS))
  test.serial(`the original agent ${release} runs a task of ours to its end and sends its log`, async (t) => {
    t.timeout(170_000);
    const program = await pythonTool(tool);
    const { server, call } = await serverUnderTest(t);
    const home = temporaryFolder(t);
    const file = path.join(home, 'clearml.conf');
    await writeFile(file, serverConfText(server));
    await mkdir(path.join(home, 'tmp'));
    const { id } = await call<{ id: string }>('tasks.create', {
      name: 'from the server',
      type: 'training',
      script: {
        entry_point: 'hello.py',
        working_dir: '.',
        diff: 'for n in range(20):\n    print("line", n)\n',
      },
    });
    await call('tasks.enqueue', { task: id, queue_name: 'default' });
    const env = {
      PATH: `${path.dirname(program)}:${process.env.PATH}`,
      HOME: home,
      TMPDIR: path.join(home, 'tmp'),
      CLEARML_CONFIG_FILE: file,
      CLEARML_WORKER_NAME: 'original',
      // No environment of its own: the test is about the server, not about pip.
      CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1',
      CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '1',
      CLEARML_AGENT_DISABLE_VAULT_SUPPORT: '1',
    };
    const words = ['daemon', '--queue', 'default', '--foreground', '--cpu-only'];
    const agent = spawn(program, words, { env, cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [agent.stdout, agent.stderr]) stream.on('data', (data) => (printed += String(data)));
    const exited = once(agent, 'close');
    t.teardown(async () => {
      agent.kill('SIGKILL');
      await exited;
    });

    const shown = async () =>
      (await call<{ task: { status: string } }>('tasks.get_by_id', { task: id })).task.status;
    const ended = async () => ['completed', 'failed', 'stopped'].includes(await shown());
    await until(ended, { what: 'the task to end', timeoutMs: 150_000, context: () => printed });
    t.is(await shown(), 'completed', printed);

    const { events } = await call<{ events: { msg: string; level: string }[] }>('events.get_task_log', {
      task: id,
      order: 'asc',
    });
    const log = events.map((event) => event.msg).join('');
    for (let n = 0; n < 20; n += 1) t.regex(log, new RegExp(`^line ${n}$`, 'm'));
    t.regex(log, /pulled from [0-9a-f]{32} by worker original:/);

    const { workers } = await call<{ workers: { id: string; queues: { name: string }[] }[] }>(
      'workers.get_all',
    );
    t.deepEqual(
      workers.map((worker) => [worker.id, worker.queues[0]?.name]),
      [['original:cpu:0', 'default']],
    );
    agent.kill('SIGINT');
    await exited;
    const left = await call<{ workers: unknown[] }>('workers.get_all');
    t.deepEqual(left.workers, []);
  });
