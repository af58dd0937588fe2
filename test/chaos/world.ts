import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ApiServer, freePort } from './api-server.js';
import { type ContainerEngine, IMAGE } from './container-engine.js';
import { Daemons } from './daemons.js';
import { type FaultProxy, startFaultProxy } from './fault-proxy.js';
import { hasEntry, innerPid, processesWith } from './processes.js';
import { readTruth, scriptOf, TRUTH, type Truth } from './program.js';
import type { Scenario, UserAction } from './scenario.js';

/** A task of the run, and what happened to it. */
export interface ChaosTask {
  name: string;
  id: string;
  exitCode: number;
  /** Actions that the server took. */
  done: Set<UserAction>;
  /** A fault ended its process, its waiting shell or its container. */
  killed: boolean;
  /** It was open when an operator stopped a daemon. */
  mayBeStopped: boolean;
  /** It was open when the engine was away, so its set-up may have failed. */
  withoutEngine: boolean;
}

/** A server, a proxy before it, daemons and tasks, each of which can be hurt. */
export class World {
  readonly folder: string;
  readonly scenario: Scenario;
  readonly server: ApiServer;
  readonly proxy: FaultProxy;
  readonly daemons: Daemons;
  /** Where tasks run in containers. */
  readonly engine: ContainerEngine | undefined;
  readonly tasks: ChaosTask[] = [];
  /** Nothing was found wrong, so its files are of no use. */
  isSound = false;
  /** Whether the disk was full at a time: lines may then be missing, with a word about it. */
  diskWasFull = false;

  private constructor(folder: string, scenario: Scenario, parts: WorldParts) {
    this.folder = folder;
    this.scenario = scenario;
    this.server = parts.server;
    this.proxy = parts.proxy;
    this.engine = parts.engine;
    this.daemons = new Daemons({
      folder,
      state: this.state,
      count: scenario.daemons,
      slots: scenario.slots,
      confText: `${parts.server.confText(parts.proxy.url)}agent { kill_grace_sec: 1 }\n`,
      ownClock: scenario.faults.some(({ kind }) => kind === 'clock-jump'),
      ...this.#placeOfTasks(),
    });
  }

  static async open(folder: string, scenario: Scenario, engine: ContainerEngine | undefined): Promise<World> {
    for (const name of ['truth', 'state']) mkdirSync(path.join(folder, name));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', path.join(folder, 'state')]);
    const server = new ApiServer(folder, await freePort());
    const proxy = await startFaultProxy(server.url);
    try {
      await server.start();
      const world = new World(folder, scenario, { server, engine, proxy });
      await world.#enqueueTasks();
      return world;
    } catch (error) {
      await server.kill();
      proxy.close();
      execFileSync('umount', ['--lazy', path.join(folder, 'state')]);
      throw error;
    }
  }

  /** Below it, each daemon has its state. A small file system of its own. */
  get state(): string {
    return path.join(this.folder, 'state');
  }

  truth({ name }: ChaosTask): Truth {
    const file = path.join(this.folder, 'truth', name);
    return readTruth(existsSync(file) ? readFileSync(file, 'utf8') : '');
  }

  /** The process of a task's program while it runs, as the machine numbers it. */
  workload(task: ChaosTask): number | undefined {
    const { pid, ended } = this.truth(task);
    if (pid === undefined || ended) return undefined;
    const own = this.living().filter((one) => hasEntry(one, `CLEARML_TASK_ID=${task.id}`));
    return own.find((one) => innerPid(one) === pid);
  }

  fillDisk(): void {
    this.diskWasFull = true;
    try {
      const block = Buffer.alloc(64 * 1024);
      for (let count = 0; count < 1024; count += 1) appendFileSync(this.#ballast, block);
    } catch {
      // Full, as it should be.
    }
  }

  freeDisk(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** Processes of tasks that are alive. */
  living(): number[] {
    const ours = new Set([process.pid, this.server.pid, ...this.daemons.pids]);
    return processesWith(`${TRUTH}=${this.#truthFolder}`).filter((pid) => !ours.has(pid));
  }

  /** Run folders that daemons have left. */
  runFolders(): string[] {
    return readdirSync(this.state, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\/runs\/[^/]+$/.test(name),
    );
  }

  async close(): Promise<void> {
    await this.daemons.kill();
    await this.server.kill();
    this.proxy.close();
    await this.engine?.removeContainers();
    for (const pid of this.living()) process.kill(pid, 'SIGKILL');
    execFileSync('umount', ['--lazy', this.state]);
  }

  async #enqueueTasks(): Promise<void> {
    const { mode, tasks } = this.scenario;
    for (const [index, plan] of tasks.entries()) {
      const name = `t${index}`;
      const { id } = await this.server.call<{ id: string }>('tasks.create', {
        name: `chaos ${name}`,
        type: 'training',
        script: scriptOf(mode, name, plan),
      });
      const untouched = { killed: false, mayBeStopped: false, withoutEngine: false };
      this.tasks.push({ name, id, exitCode: plan.exitCode, done: new Set(), ...untouched });
      await this.server.call('tasks.enqueue', { task: id, queue_name: 'default' });
    }
  }

  #placeOfTasks(): { words: string[]; variables: Record<string, string> } {
    const truth = this.#truthFolder;
    if (this.engine === undefined) {
      return {
        words: [],
        variables: { [TRUTH]: truth, CLEARML_AGENT_SKIP_PIP_VENV_INSTALL: '/usr/bin/python3' },
      };
    }
    const args = `--network host -v ${truth}:${truth} -e ${TRUTH}=${truth}`;
    return {
      words: ['--docker', IMAGE],
      variables: { DOCKER_HOST: this.engine.host, CLEARML_AGENT_EXTRA_DOCKER_ARGS: args },
    };
  }

  get #truthFolder(): string {
    return path.join(this.folder, 'truth');
  }

  get #ballast(): string {
    return path.join(this.state, 'ballast');
  }
}

interface WorldParts {
  server: ApiServer;
  proxy: FaultProxy;
  engine: ContainerEngine | undefined;
}
