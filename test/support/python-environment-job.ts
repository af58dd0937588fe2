import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { Config, type ConfigTree } from '../../src/config/config.js';
import { shippedLayer } from '../../src/config/load.js';
import type { Reporter } from '../../src/logs/reporter.js';
import type { EnvironmentRequest, PythonEnvironment } from '../../src/python/environment-request.js';
import { requestedPython } from '../../src/python/interpreter/python-request.js';
import { pythonSettings } from '../../src/python/settings.js';
import { localPlace, type RecordingPlace } from './local-place.js';
import { temporaryFolder } from './temporary-folder.js';

export interface RequestOptions {
  /** Lines of the task's list. */
  packages?: string[];
  binary?: string;
  /** `agent` section laid over the shipped configuration. */
  agent?: ConfigTree;
  env?: Record<string, string | undefined>;
  /** Folders on PATH before the machine's own. */
  programs?: string[];
  repository?: string;
  /** Folder with the caches and the environments; a new one when absent. */
  root?: string;
  /** Name of the run, for several in one root. */
  name?: string;
  request?: Partial<EnvironmentRequest>;
}

export interface TestRequest {
  request: EnvironmentRequest;
  place: RecordingPlace;
  /** What was reported: lines as they are, output joined. */
  lines: string[];
  output: () => string;
  root: string;
}

/** A request for an environment in a folder of the test's own, on this machine, without a uv unless one is named. */
export function environmentRequest(t: ExecutionContext, options: RequestOptions = {}): TestRequest {
  const root = options.root ?? temporaryFolder(t);
  const home = path.join(root, 'home');
  mkdirSync(home, { recursive: true });
  const machine = `${process.env.PATH}`.split(':').filter((folder) => !folder.includes('.local/bin'));
  const env = {
    ...process.env,
    PYENV_ROOT: process.env.PYENV_ROOT ?? `${process.env.HOME}/.pyenv`,
    HOME: home,
    PATH: [...(options.programs ?? []), ...machine].join(':'),
    ...options.env,
  };
  const place = localPlace(env);
  const layer = {
    tree: { agent: { ...options.agent } },
    source: { kind: 'file', name: 'test.conf' },
  } as const;
  const settings = pythonSettings(new Config({ env, base: [shippedLayer(), layer] }));
  const { reporter, lines, output } = recordingReporter();
  const repository =
    options.repository === undefined
      ? undefined
      : { root: options.repository, workingFolder: options.repository, entryFolder: options.repository };
  const request: EnvironmentRequest = {
    place,
    task: { script: { binary: options.binary ?? 'python3', requirements: { pip: options.packages ?? [] } } },
    repository,
    settings,
    cacheFolder: path.join(root, 'state'),
    target: path.join(root, 'runs', options.name ?? 'run', 'environment'),
    pythonRequest: requestedPython(options.binary ?? 'python3', settings.interpreter),
    cuda: '0',
    reporter,
    signal: new AbortController().signal,
    ...options.request,
  };
  mkdirSync(path.dirname(request.target), { recursive: true });
  return { request, place, lines, output, root };
}

/** What the agent does for the caches once a task has started; troubles of it are an error here. */
export async function tend({ upkeep }: PythonEnvironment): Promise<void> {
  const warnings: string[] = [];
  const logger = { info: () => undefined, warn: (text: string) => warnings.push(text) };
  await upkeep?.({ signal: new AbortController().signal, logger });
  if (warnings.length > 0) throw new Error(warnings.join('\n'));
}

export function recordingReporter(): { reporter: Reporter; lines: string[]; output: () => string } {
  const lines: string[] = [];
  const chunks: string[] = [];
  const reporter: Reporter = {
    line: (text) => lines.push(text),
    output: (chunk) => chunks.push(chunk),
  };
  return { reporter, lines, output: () => chunks.join('') };
}
