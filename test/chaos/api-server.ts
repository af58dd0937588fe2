import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import { until } from '../support/until.js';
import { kill, startProgram } from './agent-program.js';

/** The file server of a port is this much above it. */
const FILES_ABOVE = 73;
/** On a machine with much else to do. */
const START_MS = 180_000;

/** An embedded server in a process of its own, which can be killed and started again. */
export class ApiServer {
  readonly #folder: string;
  readonly #port: number;
  #process: ChildProcess | undefined;
  #credentials = { access_key: '', secret_key: '' };

  constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** `api` section of an agent that calls the server at this address. */
  confText(address: string): string {
    const { access_key, secret_key } = this.#credentials;
    const credentials = `credentials { access_key: "${access_key}", secret_key: "${secret_key}" }`;
    const files = `http://127.0.0.1:${this.#port + FILES_ABOVE}`;
    return `api { api_server: "${address}", web_server: "${address}", files_server: "${files}", ${credentials} }\n`;
  }

  /** Waits for a server that is away. */
  async call<T = unknown>(method: string, body: object): Promise<T> {
    const { access_key: username, secret_key: password } = this.#credentials;
    for (let tries = 0; ; tries += 1) {
      try {
        const options = { auth: { username, password }, timeout: 10_000 };
        return (await axios.post<{ data: T }>(`${this.url}/${method}`, body, options)).data.data;
      } catch (error) {
        const refused = axios.isAxiosError(error) && error.response !== undefined;
        if (refused || tries > 100) throw error;
        await sleep(100);
      }
    }
  }

  async start(): Promise<void> {
    const words = ['server', '--folder', this.#data, '--port', String(this.#port)];
    this.#process = startProgram(words, { folder: this.#folder, log: 'server.log' });
    const answers = () =>
      axios.get(`${this.url}/debug.ping`, { timeout: 1000 }).then(
        () => true,
        () => false,
      );
    const alive = async () => existsSync(this.#credentialsFile) && answers();
    await until(alive, { what: 'the server', timeoutMs: START_MS });
    this.#credentials = JSON.parse(readFileSync(this.#credentialsFile, 'utf8'));
  }

  /** @returns false when it is away already */
  async kill(): Promise<boolean> {
    const server = this.#process;
    if (server === undefined) return false;
    this.#process = undefined;
    await kill(server);
    return true;
  }

  get #data(): string {
    return path.join(this.#folder, 'server');
  }

  get #credentialsFile(): string {
    return path.join(this.#data, 'credentials.json');
  }
}

/** A port that a server and its file server can have. */
export async function freePort(): Promise<number> {
  const listen = (port: number) =>
    new Promise<net.Server>((resolve, reject) => {
      const server = net.createServer().once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve(server));
    });
  for (;;) {
    const first = await listen(0);
    const { port } = first.address() as net.AddressInfo;
    const second = await listen(port + FILES_ABOVE).catch(() => undefined);
    for (const server of [first, second]) server?.close();
    if (second !== undefined) return port;
  }
}
