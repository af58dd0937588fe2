import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { endsWithin, isGone, kill, startProgram } from './agent-program.js';

export interface DaemonsSetting {
  folder: string;
  /** Below it, each daemon has its state. */
  state: string;
  count: number;
  /** Tasks that one runs at a time. */
  slots: number;
  /** Content of `clearml.conf`. */
  confText: string;
  /** Further words of the command. */
  words: readonly string[];
  variables: Readonly<Record<string, string>>;
  /** Their clock is one that can be set. */
  ownClock: boolean;
}

/** Where Debian puts it, below a folder for the kind of machine. */
const LIBRARIES = '/usr/lib';
const FAKETIME = 'faketime/libfaketime.so.1';
const HAND_OVER_MS = 20_000;
const END_MS = 60_000;

/** The daemons of a run, counted from 0; any number means one of them. */
export class Daemons {
  readonly #setting: DaemonsSetting;
  readonly #processes: ChildProcess[] = [];
  /** Ended by a fault, which starts them again. */
  readonly #away = new Set<number>();

  constructor(setting: DaemonsSetting) {
    this.#setting = setting;
    for (let index = 0; index < setting.count; index += 1) {
      this.setClock(index, '+0');
      this.#start(index);
    }
  }

  get pids(): (number | undefined)[] {
    return this.#processes.map(({ pid }) => pid);
  }

  signal(target: number, signal: NodeJS.Signals): boolean {
    const index = target % this.#processes.length;
    return !this.#away.has(index) && this.#processes[index]?.kill(signal) === true;
  }

  /**
   * Ends one, and starts it again after this.
   *
   * @returns false when it is away already
   */
  async away(target: number, how: 'SIGKILL' | 'SIGUSR2' | 'SIGTERM', work: () => Promise<void>) {
    const index = target % this.#processes.length;
    const daemon = this.#processes[index];
    if (daemon === undefined || this.#away.has(index)) return false;
    this.#away.add(index);
    if (how !== 'SIGKILL') daemon.kill('SIGCONT');
    daemon.kill(how);
    if (!(await endsWithin(daemon, how === 'SIGUSR2' ? HAND_OVER_MS : END_MS)))
      throw new Error(`a daemon did not end within its time after ${how}`);
    await work();
    this.#start(index);
    this.#away.delete(index);
    return true;
  }

  /** What the clock of one shows from now on, such as `+2h`. */
  setClock(target: number, offset: string): void {
    writeFileSync(this.#clockFile(target % this.#setting.count), `${offset}\n`);
  }

  /** Those that have ended although no fault did it are started again; how many those were. */
  revive(): number {
    const dead = this.#processes.flatMap((daemon, index) => (isGone(daemon) ? [index] : []));
    for (const index of dead) this.#start(index);
    return dead.length;
  }

  /** As an operator ends them; how many had to be killed. */
  async end(): Promise<number> {
    const stopped = this.#processes.map(async (daemon) => {
      daemon.kill('SIGTERM');
      if (await endsWithin(daemon, END_MS)) return 0;
      await kill(daemon);
      return 1;
    });
    return (await Promise.all(stopped)).reduce<number>((sum, one) => sum + one, 0);
  }

  async kill(): Promise<void> {
    await Promise.all(this.#processes.map(kill));
  }

  #clockFile(index: number): string {
    return path.join(this.#setting.folder, `clock${index}`);
  }

  #start(index: number): void {
    const { folder, state, slots, confText, words, variables, ownClock } = this.#setting;
    const home = path.join(folder, `home${index}`);
    mkdirSync(home, { recursive: true });
    writeFileSync(path.join(home, 'clearml.conf'), confText, { mode: 0o600 });
    const clock: Record<string, string> = ownClock
      ? {
          LD_PRELOAD: faketimeLibrary(),
          FAKETIME_TIMESTAMP_FILE: this.#clockFile(index),
          FAKETIME_CACHE_DURATION: '1',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
        }
      : {};
    const several = slots === 1 ? [] : ['--services-mode', String(slots)];
    const flags = ['--queue', 'default', '--foreground', '--polling-interval', '0.4', ...several, ...words];
    this.#processes[index] = startProgram(['daemon', ...flags], {
      folder,
      log: `daemon${index}.log`,
      variables: {
        HOME: home,
        CLEARML_WORKER_ID: `chaos:${index}`,
        CLEARML_AGENT_STATE_DIR: path.join(state, `agent${index}`),
        CLEARML_AGENT_STATUS_REPORT_FREQ_SEC: '1',
        ...variables,
        ...clock,
      },
    });
  }
}

function faketimeLibrary(): string {
  const files = readdirSync(LIBRARIES).map((name) => path.join(LIBRARIES, name, FAKETIME));
  const library = files.find((file) => existsSync(file));
  if (library === undefined) throw new Error(`no ${LIBRARIES}/*/${FAKETIME}: install libfaketime`);
  return library;
}
