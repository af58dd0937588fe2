import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskStatus } from '../../api/task-record.js';
import { loadConfig } from '../../config/load.js';
import { type Connection, connect } from '../../daemon/connect.js';
import { type DaemonOptions, runDaemon } from '../../daemon/daemon.js';
import { registerSecrets } from '../../daemon/worker.js';
import { createLogger } from '../../logs/logger.js';
import { Redactor } from '../../secrets/redactor.js';
import { type EmbeddedServer, serverConfText, startServer } from '../../server/server.js';
import { openPage } from '../open-page.js';
import { type DemoEnding, watchSignals } from './ending.js';
import { type DemoFolder, openFolder } from './folder.js';
import { type DemoProject, makeDemoProject } from './project.js';

export interface DemoOptions {
  /** Leave server and daemon running. */
  keep: boolean;
  /** Open the page in a browser. */
  open: boolean;
  folder: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  out: NodeJS.WritableStream & { isTTY?: boolean };
}

const QUEUE = 'default';
const WORKER = 'demo';

/**
 * Runs one task from queue to final status, with a server and a daemon in this process.
 *
 * @returns 0 when the task completed
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const place = await openFolder(options.folder, options.keep);
  const ending = watchSignals(options.keep);
  try {
    const status = await inFolder({ ...place, options, ending });
    return ending.status ?? status;
  } finally {
    place.close();
  }
}

type Stage = DemoFolder & { options: DemoOptions; ending: DemoEnding };

async function inFolder(stage: Stage): Promise<number> {
  const { folder, options } = stage;
  const say = (text = '') => options.out.write(`${text}\n`);
  const server = await startServer({ folder: path.join(folder, 'server'), port: 0 });
  try {
    say(`1. A ClearML-compatible server runs on ${server.url}`);
    const project = await newProject(folder, options.env);
    say(`2. A project is in ${project.repository}: two commits and a change that was never committed`);
    if (project.note) say(`   ${project.note}`);
    return await daemonPart({ ...stage, server, project, say });
  } finally {
    await server.close();
  }
}

async function newProject(folder: string, env: DemoOptions['env']): Promise<DemoProject> {
  const repository = path.join(folder, 'project');
  await rm(repository, { recursive: true, force: true });
  await mkdir(repository);
  return makeDemoProject(repository, 'python3', env);
}

interface Demo extends Stage {
  server: EmbeddedServer;
  project: DemoProject;
  say(text?: string): void;
}

async function daemonPart(demo: Demo): Promise<number> {
  const { folder, options, server, ending, say } = demo;
  const configFile = path.join(folder, 'clearml.conf');
  await writeFile(configFile, serverConfText(server), { mode: 0o600 });
  const config = loadConfig({ env: ownEnvironment(options.env, folder), home: folder, configFile });
  const redactor = new Redactor();
  registerSecrets(redactor, config);
  const stage = { over: false };
  const voice = createLogger({ stream: options.out, redactor });
  const logger = { ...voice, info: (text: string) => void (stage.over || voice.info(text)) };
  const connection = await connect({ config, logger, wait: false });
  const task = await newTask(connection, demo.project);
  say(`3. Task ${task} waits in the queue "${QUEUE}"; a daemon takes it now`);
  say();
  const { signals } = ending;
  const leave = (status: number) => {
    demo.close();
    process.exit(status);
  };
  const daemon = runDaemon({ ...ONE_WORKER, config, ...placesIn(folder), logger, redactor, signals, leave });
  // It may have come before the daemon listened.
  if (ending.status !== undefined) signals.emit('SIGTERM');
  const ended = new AbortController();
  const status = await Promise.race([
    finalStatus(connection, task, ended.signal),
    daemon.then(() => undefined),
  ]);
  ended.abort();
  stage.over = !options.keep;
  say();
  say(`4. The task is ${status ?? 'unfinished'}.`);
  say();
  if (options.keep) await keepRunning({ ...demo, configFile, daemon });
  else if (ending.status === undefined) sayNext(demo);
  if (ending.status === undefined) signals.emit('SIGTERM');
  await daemon;
  connection.client.close();
  return status === 'completed' ? 0 : 1;
}

/** What `agent daemon --queue QUEUE --create-queue` asks for. */
const ONE_WORKER = {
  queues: [QUEUE],
  assigned: [],
  createQueues: true,
  order: 'priority',
  tags: undefined,
  ownerTokens: false,
  schedule: { uptime: [], downtime: [] },
  workerIds: [WORKER],
  wait: false,
  taskOptions: { standalone: false, logLevel: 'INFO', pythonFlags: [] },
} satisfies Partial<DaemonOptions>;

function placesIn(folder: string) {
  return { home: folder, state: path.join(folder, 'agent') };
}

async function newTask(connection: Connection, project: DemoProject): Promise<string> {
  const known = await connection.queues.getAll({ name: `^${QUEUE}$` });
  const queue = known[0]?.id ?? (await connection.queues.create({ name: QUEUE }));
  const task = await connection.tasks.create({
    name: 'demonstration',
    type: 'training',
    script: {
      binary: 'python3',
      repository: project.repository,
      branch: project.branch,
      version_num: project.commit,
      working_dir: project.workingDir,
      entry_point: project.entryPoint,
      diff: project.diff,
      requirements: { pip: project.requirements },
    },
  });
  await connection.tasks.enqueue({ task, queue });
  return task;
}

const FINAL: readonly TaskStatus[] = ['completed', 'failed', 'stopped', 'closed'];
const LOOK_MS = 200;

async function finalStatus(
  { tasks }: Connection,
  task: string,
  signal: AbortSignal,
): Promise<TaskStatus | undefined> {
  while (!signal.aborted) {
    const { status } = await tasks.getById(task);
    if (status && FINAL.includes(status)) return status;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

/** The user's own server, credentials and caches have no part in this. */
function ownEnvironment(env: DemoOptions['env'], home: string): DemoOptions['env'] {
  const kept = Object.entries(env).filter(([name]) => !/^(CLEARML|TRAINS)_/.test(name));
  return { ...Object.fromEntries(kept), HOME: home };
}

async function keepRunning(demo: Demo & { configFile: string; daemon: Promise<number> }): Promise<void> {
  demo.say(`Server and daemon run until Ctrl-C. All files are in ${demo.folder}.`);
  await showPage(demo);
  demo.say('In another terminal:');
  demo.say(`  export CLEARML_CONFIG_FILE=${demo.configFile}`);
  demo.say('  agent execute --id demonstration --clone');
  await demo.daemon;
}

/** The address with the token goes to the terminal alone. */
async function showPage({ server, options, say }: Demo): Promise<void> {
  const address = server.pageAddress();
  say(`The page shows queues, tasks and workers. This address logs you in once: ${address}`);
  const problem = options.open
    ? await openPage({ address, folder: server.folder, env: options.env })
    : undefined;
  if (problem !== undefined) say(problem);
}

function sayNext({ say }: Demo): void {
  say('Next:');
  say('  agent demo --keep               leave server and daemon running and enqueue tasks of your own');
  say('  agent init                      connect to your ClearML server');
  say('  agent daemon --queue default    take tasks from it');
}
