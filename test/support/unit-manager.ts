import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { splitWords } from '../../src/os/shell-words.js';
import { until } from './until.js';

const LISTENER = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True: print(s.recv(4096).decode(), flush=True)
`;

/** Does what systemd does for one unit: the commands and signals that its text states, and nothing else. */
export class UnitManager {
  readonly #settings: ReadonlyMap<string, string>;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #folder: string;
  readonly #output: string[] = [];
  #main: ChildProcess | undefined;
  #listener: ChildProcess | undefined;
  #starts = 0;

  /** @param text the unit file */
  constructor(text: string, env: Readonly<Record<string, string | undefined>>, folder: string) {
    const pairs = [...text.matchAll(/^(\w+)=(.*)$/gm)].map(
      ([, name = '', value = '']) => [name, value] as const,
    );
    this.#settings = new Map(pairs);
    this.#env = env;
    this.#folder = folder;
  }

  get settings(): ReadonlyMap<string, string> {
    return this.#settings;
  }

  /** What the main processes have printed so far. */
  output(): string {
    return this.#output.join('');
  }

  /** The exit status of the main process, when it has ended. */
  async exitStatus(): Promise<number | null> {
    const main = this.#main;
    await until(() => main?.exitCode !== null, { what: 'the end of the main process' });
    return main?.exitCode ?? null;
  }

  get mainPid(): number | undefined {
    return this.#main?.pid;
  }

  /** Returns when the daemon says that it is ready (`Type=notify`). */
  async start(): Promise<void> {
    const socket = path.join(this.#folder, `notify-${this.#starts++}`);
    const told = await this.#listen(socket);
    const [program = '', ...args] = splitWords(this.#settings.get('ExecStart') ?? '');
    // A session of its own, as each unit has: no terminal's signals reach it.
    const main = spawn(program, args, {
      env: { ...this.#env, NOTIFY_SOCKET: socket },
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [main.stdout, main.stderr])
      stream.setEncoding('utf8').on('data', (piece: string) => this.#output.push(piece));
    this.#main = main;
    await until(() => told().includes('READY=1'), { what: 'READY=1', context: () => this.output() });
  }

  /** @returns the exit status of the main process */
  stop(): Promise<number | null> {
    return this.#end('KillSignal');
  }

  async restart(): Promise<void> {
    await this.#end('RestartKillSignal');
    await this.start();
  }

  /** The main process dies; `Restart=on-failure` starts another. */
  async crash(): Promise<void> {
    const ended = once(this.#main ?? process, 'close');
    this.#main?.kill('SIGKILL');
    await ended;
    if (this.#settings.get('Restart') === 'on-failure') await this.start();
  }

  close(): void {
    this.#listener?.kill('SIGKILL');
    this.#main?.kill('SIGKILL');
  }

  /** `KillMode=process`: the main process alone gets the signal, and SIGKILL when `TimeoutStopSec` is over. */
  async #end(signalName: string): Promise<number | null> {
    const main = this.#main;
    if (main === undefined) throw new Error('the unit does not run');
    if (this.#settings.get('KillMode') !== 'process' || this.#settings.has('ExecStop'))
      throw new Error('this manager knows KillMode=process without ExecStop alone');
    const ended = once(main, 'close');
    main.kill(this.#settings.get(signalName) as NodeJS.Signals);
    const limit = new AbortController();
    const late = sleep(1000 * Number(this.#settings.get('TimeoutStopSec')), 'late', { signal: limit.signal });
    const outcome = await Promise.race([ended, late]);
    limit.abort();
    await late.catch(() => undefined);
    if (outcome !== 'late') return (outcome as [number | null])[0];
    main.kill('SIGKILL');
    throw new Error(`still there after TimeoutStopSec:\n${this.output()}`);
  }

  async #listen(socket: string): Promise<() => string> {
    this.#listener?.kill('SIGKILL');
    const listener = spawn('python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#listener = listener;
    const told: string[] = [];
    listener.stdout.setEncoding('utf8').on('data', (piece: string) => told.push(piece));
    await until(() => told.join('').includes('bound'), { what: 'the notify socket' });
    return () => told.join('');
  }
}
