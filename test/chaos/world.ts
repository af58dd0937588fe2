import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import { until } from '../support/until.js';
import { type FaultProxy, startFaultProxy } from './fault-proxy.js';
import { programOf, readTruth, TRUTH, type Truth } from './program.js';
import type { Scenario } from './scenario.js';

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/agent.js');
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

/** A task of the run, and what a user did to it. */
export interface ChaosTask {
  name: string;
  id: string;
  exitCode: number;
  /** Actions that the server took. */
  done: Set<'abort' | 'reset' | 'delete'>;
  /** What it had printed when it was aborted. */
  whenAborted?: Truth;
  /** Its processes were killed by a fault. */
  killed: boolean;
}

/** A server, a proxy before it, daemons and tasks, each of which can be hurt. */
export class World {
  readonly folder: string;
  readonly tasks: ChaosTask[] = [];
  /** Nothing was found wrong, so its files are of no use. */
  isSound = false;
  /** Whether the disk was full at a time: lines may then be missing, with a word about it. */
  diskWasFull = false;
  readonly #scenario: Scenario;
  readonly #daemons: ChildProcess[] = [];
  readonly #offsets: string[] = [];
  #server: ChildProcess | undefined;
  #port = 0;
  #proxy: FaultProxy | undefined;
  #credentials = { access_key: '', secret_key: '' };

  constructor(folder: string, scenario: Scenario) {
    this.folder = folder;
    this.#scenario = scenario;
  }

  get proxy(): FaultProxy {
    if (this.#proxy === undefined) throw new Error('the world is not open');
    return this.#proxy;
  }

  get daemonCount(): number {
    return this.#scenario.daemons;
  }

  async open(): Promise<void> {
    for (const name of ['truth', 'state']) mkdirSync(path.join(this.folder, name));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', path.join(this.folder, 'state')]);
    this.#port = await freePort();
    await this.startServer();
    const file = path.join(this.folder, 'server', 'credentials.json');
    this.#credentials = JSON.parse(readFileSync(file, 'utf8'));
    this.#proxy = await startFaultProxy(`http://127.0.0.1:${this.#port}`);
    for (let index = 0; index < this.#scenario.daemons; index += 1) this.startDaemon(index);
    for (const [index, plan] of this.#scenario.tasks.entries()) {
      const name = `t${index}`;
      const script = {
        binary: 'python3',
        entry_point: 'main.py',
        working_dir: '.',
        diff: programOf(name, plan),
      };
      const { id } = await this.call<{ id: string }>('tasks.create', {
        name: `chaos ${name}`,
        type: 'training',
        script,
      });
      this.tasks.push({ name, id, exitCode: plan.exitCode, done: new Set(), killed: false });
      await this.call('tasks.enqueue', { task: id, queue_name: 'default' });
    }
  }

  /** Past the proxy, so that the test itself is not hurt. Waits for a server that is away. */
  async call<T = unknown>(method: string, body: object): Promise<T> {
    const { access_key: username, secret_key: password } = this.#credentials;
    const url = `http://127.0.0.1:${this.#port}/${method}`;
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await axios.post<{ data: T }>(url, body, {
          auth: { username, password },
          timeout: 10_000,
        });
        return answer.data.data;
      } catch (error) {
        const refused = axios.isAxiosError(error) && error.response !== undefined;
        if (refused || tries > 100) throw error;
        await sleep(100);
      }
    }
  }

  async startServer(): Promise<void> {
    const folder = path.join(this.folder, 'server');
    this.#server = this.#spawn(
      ['server', '--folder', folder, '--port', String(this.#port)],
      'server.log',
      {},
    );
    const alive = async () => {
      if (!existsSync(path.join(folder, 'credentials.json'))) return false;
      return axios.get(`http://127.0.0.1:${this.#port}/debug.ping`, { timeout: 1000 }).then(
        () => true,
        () => false,
      );
    };
    await until(alive, { what: 'the server' });
  }

  /** @returns false when it is away already */
  async killServer(): Promise<boolean> {
    const server = this.#server;
    if (server === undefined) return false;
    this.#server = undefined;
    await kill(server);
    return true;
  }

  startDaemon(index: number): void {
    const home = path.join(this.folder, `home${index}`);
    mkdirSync(home, { recursive: true });
    const { access_key, secret_key } = this.#credentials;
    const credentials = `credentials { access_key: "${access_key}", secret_key: "${secret_key}" }`;
    const files = `http://127.0.0.1:${this.#port + 73}`;
    const text = `api { api_server: "${this.proxy.url}", web_server: "${this.proxy.url}", files_server: "${files}", ${credentials} }\n`;
    writeFileSync(path.join(home, 'clearml.conf'), `${text}agent { kill_grace_sec: 1 }\n`, { mode: 0o600 });
    const offset = this.#offsets[index];
    const clock: Record<string, string> =
      offset === undefined
        ? {}
        : { LD_PRELOAD: FAKETIME, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
    const slots = this.#scenario.slots === 1 ? [] : ['--services-mode', String(this.#scenario.slots)];
    const words = ['daemon', '--queue', 'default', '--foreground', '--polling-interval', '0.4', ...slots];
    this.#daemons[index] = this.#spawn(words, `daemon${index}.log`, {
      HOME: home,
      [TRUTH]: path.join(this.folder, 'truth'),
      CLEARML_WORKER_ID: `chaos:${index}`,
      CLEARML_AGENT_STATE_DIR: path.join(this.folder, 'state', `agent${index}`),
      CLEARML_AGENT_STATUS_REPORT_FREQ_SEC: '1',
      CLEARML_AGENT_SKIP_PIP_VENV_INSTALL: '/usr/bin/python3',
      ...clock,
    });
  }

  signalDaemon(target: number, signal: NodeJS.Signals): void {
    this.#daemons[target % this.#daemons.length]?.kill(signal);
  }

  async killDaemon(target: number): Promise<void> {
    await kill(this.#daemons[target % this.#daemons.length]);
  }

  async handOver(target: number): Promise<void> {
    const daemon = this.#daemons[target % this.#daemons.length];
    daemon?.kill('SIGUSR2');
    const gone = await Promise.race([exited(daemon).then(() => true), sleep(20_000).then(() => false)]);
    if (!gone) throw new Error('a daemon did not hand over within 20 s');
  }

  /** What a later start of a daemon takes for now, such as `+2h`. */
  shiftClock(target: number, offset: string): void {
    this.#offsets[target % this.#daemons.length] = offset;
  }

  /** Daemons that have ended although nobody ended them are started again; how many those were. */
  revive(): number {
    const dead = this.#daemons.flatMap(({ exitCode, signalCode }, index) =>
      exitCode === null && signalCode === null ? [] : [index],
    );
    for (const index of dead) this.startDaemon(index);
    return dead.length;
  }

  truth({ name }: ChaosTask): Truth {
    const file = path.join(this.folder, 'truth', name);
    return readTruth(existsSync(file) ? readFileSync(file, 'utf8') : '');
  }

  fillDisk(): void {
    this.diskWasFull = true;
    try {
      const block = Buffer.alloc(1024 * 1024);
      for (let count = 0; count < 64; count += 1) appendFileSync(this.#ballast, block);
    } catch {
      // Full, as it should be.
    }
  }

  freeDisk(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** Processes of tasks that are alive. */
  living(): number[] {
    const mark = `${TRUTH}=${path.join(this.folder, 'truth')}`;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => environmentOf(pid).includes(mark) && !this.#ours.has(pid) && stateOf(pid) !== 'Z');
  }

  /** Run folders that daemons have left. */
  runFolders(): string[] {
    const state = path.join(this.folder, 'state');
    return readdirSync(state, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\/runs\/[^/]+$/.test(name),
    );
  }

  /** Ends the daemons as an operator would. */
  async endDaemons(): Promise<void> {
    for (const daemon of this.#daemons) {
      daemon.kill('SIGTERM');
      const gone = await Promise.race([exited(daemon).then(() => true), sleep(30_000).then(() => false)]);
      if (!gone) await kill(daemon);
    }
  }

  async close(): Promise<void> {
    for (const one of [...this.#daemons, this.#server]) await kill(one);
    this.#proxy?.close();
    for (const pid of this.living()) process.kill(pid, 'SIGKILL');
    execFileSync('umount', ['--lazy', path.join(this.folder, 'state')]);
  }

  get #ballast(): string {
    return path.join(this.folder, 'state', 'ballast');
  }

  get #ours(): ReadonlySet<number | undefined> {
    return new Set([process.pid, this.#server?.pid, ...this.#daemons.map(({ pid }) => pid)]);
  }

  #spawn(words: readonly string[], log: string, variables: Record<string, string>): ChildProcess {
    const kept = Object.entries(process.env).filter(([name]) => !/^(CLEARML|TRAINS|NODE_|AVA)/.test(name));
    const output = openSync(path.join(this.folder, log), 'a');
    return spawn(process.execPath, [PROGRAM, ...words], {
      cwd: this.folder,
      stdio: ['ignore', output, output],
      env: {
        ...Object.fromEntries(kept),
        HOME: this.folder,
        ...variables,
      },
    });
  }
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  child?.kill('SIGKILL');
  await exited(child);
}

async function exited(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  await once(child, 'exit');
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return []; // it has ended meanwhile
  }
}

function stateOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.[0];
  } catch {
    return 'Z';
  }
}

/** The file server of a port is 73 above it. */
async function freePort(): Promise<number> {
  const listen = (port: number) =>
    new Promise<net.Server>((resolve, reject) => {
      const server = net.createServer().once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve(server));
    });
  for (;;) {
    const first = await listen(0);
    const { port } = first.address() as net.AddressInfo;
    const second = await listen(port + 73).catch(() => undefined);
    for (const server of [first, second]) server?.close();
    if (second !== undefined) return port;
  }
}
