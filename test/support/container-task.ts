import fs from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { Config, type ConfigTree } from '../../src/config/config.js';
import { shippedLayer } from '../../src/config/load.js';
import { buildRequest, forEngine } from '../../src/container/arguments/build-request.js';
import { optionsOf, parseArguments } from '../../src/container/arguments/parse-arguments.js';
import type { SetupScript } from '../../src/container/setup-scripts.js';
import { DockerDriver } from '../../src/drivers/docker/docker-driver.js';
import { Engine } from '../../src/drivers/docker/engine.js';
import type { Place } from '../../src/drivers/driver.js';
import type { EnvironmentRequest, PythonEnvironment } from '../../src/python/environment-request.js';
import { requestedPython } from '../../src/python/interpreter/python-request.js';
import { prepareEnvironment } from '../../src/python/prepare.js';
import { pythonSettings } from '../../src/python/settings.js';
import type { DockerEngine } from './docker-engine.js';
import { recordingReporter } from './python-environment-job.js';
import { temporaryFolder } from './temporary-folder.js';

export interface ContainerTaskOptions {
  image: string;
  /** `docker run` arguments; the network of the machine, where none is named. */
  args?: readonly string[];
  scripts?: readonly SetupScript[];
  /** Lines of the task's list. */
  packages?: readonly string[];
  binary?: string;
  /** `agent` section laid over the shipped configuration. */
  agent?: ConfigTree;
  /** The agent's own environment. */
  hostEnvironment?: Readonly<Record<string, string | undefined>>;
  /** Folder with the caches and the runs; a new one when absent. */
  root?: string;
  /** As for an engine that does not see the files of the agent. */
  files?: 'mounted' | 'uploaded';
  request?: Partial<EnvironmentRequest>;
}

/** A task in a container up to its environment. */
export interface ContainerTask {
  place: Place;
  driver: DockerDriver;
  root: string;
  lines: string[];
  /** What programs printed into the log. */
  output(): string;
  environment(): Promise<PythonEnvironment>;
  /** Runs the task's Python and gives what it prints. */
  python(environment: PythonEnvironment, code: string): Promise<string>;
}

export interface OpenedTask extends Omit<ContainerTask, 'place'> {
  open(): Promise<Place>;
}

/** A driver for one task, not opened yet. */
export async function containerDriver(
  t: Pick<ExecutionContext, 'teardown'>,
  engine: Pick<DockerEngine, 'socket'>,
  options: ContainerTaskOptions,
): Promise<{
  driver: DockerDriver;
  open: () => Promise<Place>;
  lines: string[];
  output: () => string;
  root: string;
  abort: AbortController;
}> {
  const root = options.root ?? temporaryFolder(t);
  const client = await Engine.connect({ DOCKER_HOST: `unix://${engine.socket}` });
  const abort = new AbortController();
  t.teardown(() => abort.abort());
  const { reporter, lines, output } = recordingReporter();
  const driver = new DockerDriver({
    engine: client,
    environment: process.env,
    files: options.files ?? 'mounted',
    signal: abort.signal,
    plan: async () => plan(engine, root, options),
  });
  const run = fs.mkdtempSync(path.join(root, 'run-'));
  const open = async (): Promise<Place> => {
    const place = await driver.open({
      taskId: 'T1',
      runFolder: run,
      workspace: path.join(run, 'workspace'),
      reporter,
      signal: abort.signal,
    });
    t.teardown(() => driver.dispose(place.ref));
    return place;
  };
  return { driver, open, lines, output, root, abort };
}

function plan(
  engine: Pick<DockerEngine, 'socket'>,
  root: string,
  { image, args = [], scripts = [] }: ContainerTaskOptions,
) {
  const network = args.some((word) => word.startsWith('--network')) ? [] : ['--network', 'host'];
  const options = optionsOf(parseArguments([...network, ...args]), 'test');
  const sources = {
    env: {},
    folder: root,
    engineSocket: engine.socket,
    realPath: (file: string) => file,
    readText: (file: string) => fs.readFileSync(file, 'utf8'),
  };
  const { request, pull } = buildRequest(options, sources);
  return { request: forEngine({ ...request, Image: image }, options, '1.41'), pull, scripts, notes: [] };
}

export async function containerTask(
  t: Pick<ExecutionContext, 'teardown'>,
  engine: Pick<DockerEngine, 'socket'>,
  options: ContainerTaskOptions,
): Promise<ContainerTask> {
  const { driver, open, lines, output, root, abort } = await containerDriver(t, engine, options);
  const place = await open();
  const { reporter } = { reporter: { line: (text: string) => lines.push(text), output: () => undefined } };
  const request = environmentRequest(place, root, options, { reporter, signal: abort.signal });
  return {
    place,
    driver,
    root,
    lines,
    output,
    environment: () => prepareEnvironment(request),
    python: async ({ python: [program, ...flags] }, code) => {
      const result = await place.exec({ argv: [program, ...flags, '-c', code] });
      return `${result.stdout}${result.stderr}`.trim();
    },
  };
}

function environmentRequest(
  place: Place,
  root: string,
  { packages = [], binary = 'python3', agent = {}, hostEnvironment = {}, request }: ContainerTaskOptions,
  { reporter, signal }: Pick<EnvironmentRequest, 'reporter' | 'signal'>,
): EnvironmentRequest {
  const layer = {
    tree: {
      agent: {
        venvs_cache: { path: path.join(root, 'environments') },
        pip_download_cache: { path: path.join(root, 'downloads') },
        ...agent,
      },
    },
    source: { kind: 'file', name: 'test.conf' },
  } as const;
  const settings = pythonSettings(new Config({ env: {}, base: [shippedLayer(), layer] }));
  const { runFolder } = place.ref;
  const workspace = path.join(String(runFolder), 'workspace');
  return {
    place,
    task: { script: { binary, requirements: { pip: [...packages] } } },
    repository: undefined,
    settings: { ...settings, systemSitePackages: true },
    cacheFolder: path.join(root, 'state'),
    target: path.join(workspace, 'venv'),
    pythonRequest: requestedPython(binary, settings.interpreter),
    cuda: '0',
    reporter,
    signal,
    hostEnvironment,
    ...(place.image === undefined ? {} : { image: place.image }),
    ...request,
  };
}
