import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { type ServerOptions, serverConfText } from '../../src/server/server.js';
import { type AgentHome, type AgentProcess, agentHome, startAgent } from './agent-process.js';
import { type ServerUnderTest, serverUnderTest } from './embedded-server.js';
import { until } from './until.js';

/** An embedded server, a home folder for agents, and what tests do with them. */
export interface AgentUnderTest extends ServerUnderTest {
  home: AgentHome;
  queue: string;
  /** Starts a command of the built program; it is killed when the test ends. */
  agent(...words: string[]): AgentProcess;
  daemon(...words: string[]): AgentProcess;
  /** A repository with these files, committed; answers its address. */
  repository(files: Record<string, string>): string;
  /** A task that waits in the queue; answers its id. `fields`: of the task beside its script. */
  enqueue(script: Record<string, unknown>, queue?: string, fields?: Record<string, unknown>): Promise<string>;
  task(id: string): Promise<TaskView>;
  /** Waits for a final status. */
  ended(id: string, timeoutMs?: number): Promise<TaskView>;
  log(id: string): Promise<string>;
}

export interface TaskView {
  id: string;
  status: string;
  status_reason: string;
  status_message: string;
  last_worker?: string;
  runtime: Record<string, unknown>;
  script: { requirements?: Record<string, unknown>; version_num?: string };
}

/** The section of a task with these user properties. */
export function userProperties(given: Record<string, string>): { hyperparams: Record<string, unknown> } {
  const named = Object.entries(given).map(([name, value]) => [name, { section: 'properties', name, value }]);
  return { hyperparams: { properties: Object.fromEntries(named) } };
}

const FINAL = ['completed', 'failed', 'stopped'];

export async function agentUnderTest(
  t: ExecutionContext,
  variables: Record<string, string> = {},
  options: Partial<ServerOptions> = {},
): Promise<AgentUnderTest> {
  const server = await serverUnderTest(t, options);
  const { call } = server;
  const home = await agentHome({ CLEARML_AGENT_STATUS_REPORT_FREQ_SEC: '1', ...variables });
  const repositories = `agent.git.local_repositories: ["${home.folder}/repositories"]\n`;
  writeFileSync(path.join(home.folder, 'clearml.conf'), `${serverConfText(server.server)}\n${repositories}`);
  const queue = await queueNamed(call, 'default');
  const task = async (id: string) => (await call<{ task: TaskView }>('tasks.get_by_id', { task: id })).task;
  const agent = (...words: string[]) => {
    const started = startAgent(words, home);
    t.teardown(() => started.kill('SIGKILL'));
    return started;
  };
  return {
    ...server,
    home,
    queue,
    agent,
    daemon: (...words) => agent('daemon', '--queue', 'default', '--foreground', ...words),
    repository: (files) =>
      makeRepository(
        path.join(home.folder, 'repositories', String(Object.keys(files).length + Math.random())),
        files,
      ),
    enqueue: async (script, to = queue, fields = {}) => {
      const { id } = await call<{ id: string }>('tasks.create', {
        name: 'a test task',
        type: 'training',
        script: { binary: 'python3', working_dir: '.', ...script },
        ...fields,
      });
      await call('tasks.enqueue', { task: id, queue: to });
      return id;
    },
    task,
    ended: (id, timeoutMs = 60_000) =>
      until(async () => ((one) => FINAL.includes(one.status) && one)(await task(id)), {
        what: `the end of task ${id}`,
        timeoutMs,
      }),
    log: async (id) => {
      const answer = await call<{ events: { msg: string }[] }>('events.get_task_log', {
        task: id,
        order: 'asc',
        batch_size: 10_000,
      });
      return answer.events.map(({ msg }) => msg).join('');
    },
  };
}

async function queueNamed(call: ServerUnderTest['call'], name: string): Promise<string> {
  const { queues } = await call<{ queues: { id: string }[] }>('queues.get_all', { name: `^${name}$` });
  return queues[0]?.id ?? (await call<{ id: string }>('queues.create', { name })).id;
}

function makeRepository(folder: string, files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: folder,
      stdio: 'pipe',
    });
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'all');
  return `file://${folder}`;
}
