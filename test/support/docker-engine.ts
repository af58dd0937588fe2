import { type SpawnOptions, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext, TestFn } from 'ava';
import { execa } from 'execa';

export interface EngineOptions {
  /** Further arguments of dockerd. */
  flags?: readonly string[];
  /** Content of its `daemon.json`. */
  config?: Readonly<Record<string, unknown>>;
  /** A folder that it sees empty, as an engine on another machine would. */
  hide?: string;
  /** A folder of programs that come before those of the machine for it. */
  programs?: string;
}

/**
 * What the container tests run on: `docker` (a private dockerd), or `podman` (a private service of Podman's
 * Docker-compatible API). `AGENT_TEST_ENGINE_PATH` is a folder of programs that come before those of the machine.
 */
export const TEST_ENGINE = process.env.AGENT_TEST_ENGINE || 'docker';
const ENGINE_PATH = [process.env.AGENT_TEST_ENGINE_PATH, process.env.PATH]
  .filter(Boolean)
  .join(path.delimiter);

/** A private engine for tests: own socket, own data, no bridge and no firewall rules, so that many run at once. */
export class DockerEngine {
  readonly folder: string;
  readonly socket: string;
  readonly #options: EngineOptions;
  #process: ReturnType<typeof spawn>;
  #ended: Promise<void>;

  private constructor(folder: string, options: EngineOptions) {
    this.folder = folder;
    this.socket = path.join(folder, 'docker.sock');
    this.#options = options;
    this.#process = startDaemon(folder, options);
    this.#ended = endOf(this.#process);
  }

  /** Starts one that the caller stops. */
  static async start(options: EngineOptions = {}): Promise<DockerEngine> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'engine-'));
    const engine = new DockerEngine(folder, options);
    try {
      await engine.#ready();
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return engine;
  }

  /** Starts one that ends with the test. */
  static async startFor(t: ExecutionContext): Promise<DockerEngine> {
    const engine = await DockerEngine.start();
    t.teardown(() => engine.stop());
    return engine;
  }

  /** Runs the command of this engine, which is docker or podman, or another docker command, against it. */
  async docker(
    args: readonly string[],
    options: { input?: Uint8Array; program?: string } = {},
  ): Promise<string> {
    const { stdout } = await execa(options.program ?? TEST_ENGINE, args, {
      env:
        TEST_ENGINE === 'podman' && options.program === undefined
          ? podmanEnvironment(this.folder)
          : { DOCKER_HOST: `unix://${this.socket}`, DOCKER_CONFIG: this.folder, C: 'fromenv' },
      cwd: this.folder,
      ...(options.input === undefined ? {} : { input: options.input }),
    });
    return stdout;
  }

  /**
   * An image of one static program with a shell and the usual tools, made here without a registry.
   *
   * @param changes Dockerfile lines: `USER 1000`, `ENTRYPOINT ["…"]`, `ENV A=b`
   * @param spoil changes its folder of programs
   */
  async makeBusybox(
    tag: string,
    changes: readonly string[] = [],
    spoil?: (bin: string) => void,
  ): Promise<void> {
    const input = await busyboxArchive(path.join(this.folder, 'busybox-root'), spoil);
    const flags = changes.flatMap((change) => ['--change', change]);
    await this.docker(['import', ...flags, '-', tag], { input });
  }

  /** Freezes it with SIGSTOP, lets it go on with SIGCONT. */
  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Asks the engine to end and waits for it; with `live-restore` its containers run on. */
  async end(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#ended;
  }

  /** Ends the engine at once; with `live-restore` its containers run on. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  /** Starts it again after `kill`. */
  async startAgain(): Promise<void> {
    // Where nobody reaps orphans, the containerd of the killed engine looks alive for ever.
    for (const file of ['exec/containerd/containerd.pid', 'pid'])
      fs.rmSync(path.join(this.folder, file), { force: true });
    this.#process = startDaemon(this.folder, this.#options);
    this.#ended = endOf(this.#process);
    await this.#ready();
  }

  async stop(): Promise<void> {
    if (TEST_ENGINE === 'podman')
      await this.docker(['rm', '--all', '--force', '--time', '0']).catch(() => undefined);
    this.#process.kill('SIGTERM');
    await Promise.race([this.#ended, sleep(30_000, undefined, { ref: false })]);
    this.#process.kill('SIGKILL');
    const mounts = fs
      .readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
    const own = mounts.filter((mount) => mount.startsWith(`${this.folder}/`)).reverse();
    if (own.length > 0) await execa('umount', ['--lazy', ...own], { reject: false });
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async #ready(): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      if (await answers(this.socket)) return;
      if (this.#process.exitCode !== null) break;
      await sleep(100);
    }
    throw new Error(
      `the ${TEST_ENGINE} engine does not start:\n${fs.readFileSync(path.join(this.folder, 'log'), 'utf8').slice(-2000)}`,
    );
  }
}

/**
 * One engine for all tests of a file. The first test that asks for it starts it; it stops after the last one.
 *
 * @param images makes the images that the tests use
 * @param timeoutMs of each test that asks for it
 */
export function sharedEngine(
  test: TestFn,
  images: (engine: DockerEngine) => Promise<unknown>,
  timeoutMs = 120_000,
): (t: ExecutionContext) => Promise<DockerEngine> {
  let running: Promise<DockerEngine> | undefined;
  test.after.always(async () => (await running)?.stop());
  return (t) => {
    t.timeout(timeoutMs);
    running ??= (async () => {
      const engine = await DockerEngine.start();
      await images(engine);
      return engine;
    })();
    return running;
  };
}

/** A file system of one static program, as a tar archive; made in `root`. */
export async function busyboxArchive(
  root: string,
  spoil: (bin: string) => void = () => undefined,
): Promise<Uint8Array> {
  fs.rmSync(root, { recursive: true, force: true });
  for (const folder of ['bin', 'tmp', 'home', 'etc'])
    fs.mkdirSync(path.join(root, folder), { recursive: true });
  fs.chmodSync(path.join(root, 'tmp'), 0o1777);
  fs.copyFileSync('/bin/busybox', path.join(root, 'bin/busybox'));
  for (const tool of BUSYBOX_TOOLS) fs.symlinkSync('busybox', path.join(root, 'bin', tool));
  spoil(path.join(root, 'bin'));
  fs.writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n');
  const options = { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 } as const;
  return (await execa('tar', ['-C', root, '-c', '.'], options)).stdout;
}

/** Answers a ping of the API, which both kinds have. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ socketPath, path: '/_ping' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('error', () => resolve(false));
  });
}

function endOf(process: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve) => process.once('exit', () => resolve()));
}

function startDaemon(folder: string, options: EngineOptions) {
  return TEST_ENGINE === 'podman' ? startPodman(folder, options) : startDocker(folder, options);
}

function startPodman(folder: string, { hide }: EngineOptions) {
  const log = fs.openSync(path.join(folder, 'log'), 'w');
  const env = podmanEnvironment(folder);
  const argv = ['podman', 'system', 'service', '--time=0', `unix://${folder}/docker.sock`];
  // Its helpers write into the folder where it was started.
  return spawnHiding(hide, argv, { env, cwd: folder, stdio: ['ignore', log, log] });
}

/** `OVERLAYFS_SUPER_MAGIC` of Linux. */
const OVERLAY_FS = 0x794c7630;

/** Podman with storage and settings of its own in a folder. */
export function podmanEnvironment(folder: string): Record<string, string> {
  // An overlay cannot lie upon another one, which the tests' machine may have.
  const driver = fs.statfsSync(folder).type === OVERLAY_FS ? 'vfs' : 'overlay';
  const storage = `[storage]\ndriver = "${driver}"\nrunroot = "${folder}/run"\ngraphroot = "${folder}/data"\n`;
  // The tests' machine may be a container itself, which is not allowed more.
  const limits = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n';
  const engine = `[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\ntmp_dir = "${folder}/libpod"\n`;
  const network = `[network]\nnetwork_config_dir = "${folder}/networks"\n`;
  // As Docker does of itself.
  const plainHttp = '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n';
  const settings = {
    'storage.conf': storage,
    'containers.conf': `${limits}${engine}${network}`,
    'registries.conf': plainHttp,
  };
  // Once: another podman may be reading them.
  for (const [name, text] of Object.entries(settings))
    if (!fs.existsSync(path.join(folder, name))) fs.writeFileSync(path.join(folder, name), text);
  return {
    PATH: ENGINE_PATH,
    HOME: folder,
    XDG_RUNTIME_DIR: folder,
    CONTAINERS_STORAGE_CONF: path.join(folder, 'storage.conf'),
    CONTAINERS_CONF: path.join(folder, 'containers.conf'),
    CONTAINERS_REGISTRIES_CONF: path.join(folder, 'registries.conf'),
  };
}

/** @param hide a folder that the program sees empty */
function spawnHiding(hide: string | undefined, argv: readonly string[], options: SpawnOptions) {
  const [program = '', ...args] = argv;
  if (hide === undefined) return spawn(program, args, options);
  const script = 'mount -t tmpfs none "$1"; shift; exec "$@"';
  return spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', hide, ...argv], options);
}

function startDocker(folder: string, { flags = [], config = {}, hide, programs }: EngineOptions) {
  const log = fs.openSync(path.join(folder, 'log'), 'w');
  fs.writeFileSync(path.join(folder, 'daemon.json'), JSON.stringify(config));
  const settings = [
    '--bridge=none',
    '--iptables=false',
    '--ip6tables=false',
    '--ip-forward=false',
    '--ip-masq=false',
  ];
  const places = [
    `--host=unix://${folder}/docker.sock`,
    `--data-root=${folder}/data`,
    `--exec-root=${folder}/exec`,
    `--pidfile=${folder}/pid`,
  ];
  const search = [programs, ENGINE_PATH].filter(Boolean).join(path.delimiter);
  const env = { ...process.env, PATH: search, DOCKER_TMPDIR: folder };
  const argv = ['dockerd', ...places, ...settings, ...flags, '--config-file', `${folder}/daemon.json`];
  return spawnHiding(hide, argv, { env, stdio: ['ignore', log, log] });
}

const BUSYBOX_TOOLS = (
  'sh cat chmod chown cp date dd echo env false grep head id kill ln ls mkdir mkfifo mv od ps ' +
  'printf pwd readlink rm sed seq sleep sort stty tail tar test touch tr true tty wc which yes'
).split(' ');
