import fs from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { buildRequest, forEngine } from '../../src/container/arguments/build-request.js';
import { optionsOf, parseArguments } from '../../src/container/arguments/parse-arguments.js';
import type { OwnMount } from '../../src/container/create-request.js';
import type { SetupScript } from '../../src/container/setup-scripts.js';
import { DockerDriver, type DockerDriverOptions } from '../../src/drivers/docker/docker-driver.js';
import { Engine } from '../../src/drivers/docker/engine.js';
import type { PlaceRequest, Workload } from '../../src/drivers/driver.js';
import { temporaryFolder } from './temporary-folder.js';

/** A driver for an engine, and a run to try it with. */
export interface DockerBench {
  driver: DockerDriver;
  client: Engine;
  request: PlaceRequest;
  /** Lines of the log. */
  lines: string[];
  /** What programs printed. */
  printed(): string;
  /** Ends the driver's watch, as the end of its daemon does. */
  leaves(): void;
}

export interface DockerBenchOptions {
  /** How the engine is reached: variables as the docker command reads them. */
  env: Readonly<Record<string, string | undefined>>;
  engine?: 'docker' | 'podman';
  /** Arguments of docker run; without a network there is none. */
  args?: readonly string[];
  image?: string;
  scripts?: readonly SetupScript[];
  /** Mounts among the arguments that count as the agent's own. */
  own?: readonly OwnMount[];
  /** Of this run; a temporary one by default. */
  folder?: string;
  driver?: Partial<DockerDriverOptions>;
}

/** Sets a driver up as the daemon does, with a plan of these arguments alone. */
export async function dockerBench(t: ExecutionContext, options: DockerBenchOptions): Promise<DockerBench> {
  const { env, args = [], image = 'base:1', scripts = [], own = [] } = options;
  const folder = options.folder ?? temporaryFolder(t);
  const client = await Engine.connect(env, options.engine);
  const network = args.includes('--network') ? [] : ['--network', 'none'];
  const leaving = new AbortController();
  t.teardown(() => leaving.abort());
  const lines: string[] = [];
  let printed = '';
  const driver = new DockerDriver({
    engine: client,
    environment: { ...process.env, ...env },
    signal: leaving.signal,
    plan: async () => {
      const given = optionsOf(parseArguments([...network, ...args]), 'test');
      const readText = (file: string) => fs.readFileSync(file, 'utf8');
      const sources = {
        env: {},
        folder,
        engineSocket: client.socket ?? '',
        readText,
        realPath: (file: string) => file,
      };
      const { request, pull } = buildRequest(given, sources);
      return {
        request: forEngine({ ...request, Image: image }, given, '1.41'),
        pull,
        scripts,
        own,
        notes: ['docker run …'],
      };
    },
    ...options.driver,
  });
  const request: PlaceRequest = {
    taskId: 'T1',
    runFolder: path.join(folder, 'run'),
    workspace: path.join(folder, 'workspace'),
    reporter: {
      line: (text) => lines.push(text),
      output: (text) => {
        printed += text;
      },
    },
    signal: new AbortController().signal,
  };
  return { driver, client, request, lines, printed: () => printed, leaves: () => leaving.abort() };
}

/** All output of a workload from a position on, to its end. */
export async function readOutput(
  workload: Workload,
  position = 0,
): Promise<{ text: string; position: number }> {
  const chunks: Buffer[] = [];
  let at = position;
  for await (const chunk of workload.output(position, new AbortController().signal)) {
    chunks.push(Buffer.from(chunk.data));
    at = chunk.position;
  }
  return { text: Buffer.concat(chunks).toString(), position: at };
}
