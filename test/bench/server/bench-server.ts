import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** A server of one build, in a process of its own. */
export interface BenchServer {
  pid: number;
  url: string;
  /** Of the page; empty for a build without one. */
  webUrl: string;
  credentials: { accessKey: string; secretKey: string };
  /** Calls an endpoint that must succeed, on a connection that stays open; answers its `data`. */
  call<T>(endpoint: string, body?: unknown): Promise<T>;
  /** Reads an answer that is a file to its end; its size in bytes. */
  download(endpoint: string, body: unknown): Promise<number>;
  stop(): Promise<void>;
}

const program = (name: string) => path.join(import.meta.dirname, name);

/** Fills a new folder by the code of the same build, past HTTP. @param checkout a built checkout of this project */
export function fillTasks(checkout: string, folder: string, count: number): void {
  fill('fill-tasks.mjs', checkout, folder, String(count));
}

/** The id of the first task that `fillTasks` makes. */
export const FIRST_TASK = '9e3779b1000000000000000000000000';

/** Fills a task with lines of a log, or points of ten curves. */
export function fillEvents(checkout: string, folder: string, kind: 'log' | 'scalars', count: number): void {
  fillTasks(checkout, folder, 1);
  fill('fill-events.mjs', checkout, folder, kind, FIRST_TASK, String(count));
}

function fill(name: string, checkout: string, folder: string, ...rest: string[]): void {
  mkdirSync(folder, { recursive: true });
  const words = [program(name), checkout, folder, ...rest];
  const { status } = spawnSync(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${words.join(' ')} failed: ${status}`);
}

async function startBenchServer(checkout: string, folder: string): Promise<BenchServer> {
  mkdirSync(folder, { recursive: true });
  const child = spawn(process.execPath, [program('run-server.mjs'), checkout, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { url, webUrl = '', credentials } = JSON.parse(String(line));
  const agent = new Agent({ keepAlive: true, maxSockets: 2000 });
  const headers = {
    authorization: `Basic ${Buffer.from(`${credentials.accessKey}:${credentials.secretKey}`).toString('base64')}`,
  };
  const send = async (endpoint: string, body: unknown): Promise<AsyncIterable<Buffer>> => {
    const lines = Array.isArray(body) ? body.map((item) => JSON.stringify(item)).join('\n') : undefined;
    const type = lines === undefined ? 'application/json' : 'application/json-lines';
    const outgoing = request(`${url}/${endpoint}`, {
      agent,
      method: 'POST',
      headers: { ...headers, 'content-type': type },
    });
    outgoing.end(lines ?? JSON.stringify(body));
    const [response] = await once(outgoing, 'response');
    return response;
  };
  return {
    pid: child.pid ?? 0,
    url,
    webUrl,
    credentials,
    async call<T>(endpoint: string, body: unknown = {}) {
      const parts: Buffer[] = [];
      for await (const part of await send(endpoint, body)) parts.push(part);
      const { meta, data } = JSON.parse(Buffer.concat(parts).toString());
      if (meta.result_code !== 200) throw new Error(`${endpoint}: ${meta.result_msg}`);
      return data as T;
    },
    async download(endpoint, body) {
      let size = 0;
      for await (const part of await send(endpoint, body)) size += part.length;
      return size;
    },
    stop: () => stop(child, agent),
  };
}

async function stop(child: ChildProcess, agent: Agent): Promise<void> {
  agent.destroy();
  if (child.exitCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

/** Measures a server in a folder of its own. @param fill writes what it has at its start */
export async function withServer<T>(
  build: string,
  measure: (server: BenchServer, folder: string) => Promise<T>,
  fill: (data: string) => void = () => undefined,
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-server-'));
  const data = path.join(folder, 'data');
  try {
    fill(data);
    const server = await startBenchServer(build, data);
    try {
      return await measure(server, folder);
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
