import { RUN_LABEL } from '../../src/drivers/docker/containers/container-plan.js';
import { DockerEngine } from '../support/docker-engine.js';

/** Image of the tasks: one static program with a shell. */
export const IMAGE = 'base:1';

/** An engine of our own, its containers and what can happen to both. Runs use it one after the other. */
export class ContainerEngine {
  readonly #engine: DockerEngine;
  #isAway = false;

  private constructor(engine: DockerEngine) {
    this.#engine = engine;
  }

  static async start(): Promise<ContainerEngine> {
    const engine = await DockerEngine.start({ config: { 'live-restore': true } });
    await engine.makeBusybox(IMAGE);
    return new ContainerEngine(engine);
  }

  get host(): string {
    return `unix://${this.#engine.socket}`;
  }

  get folder(): string {
    return this.#engine.folder;
  }

  /**
   * Ends the engine, and starts it again after this. Its containers run on.
   *
   * @returns false when it is away already
   */
  async away(how: 'kill' | 'end', work: () => Promise<void>): Promise<boolean> {
    return this.#alone(async () => {
      await this.#engine[how]();
      await work();
      await this.#engine.startAgain();
    });
  }

  async freeze(work: () => Promise<void>): Promise<boolean> {
    return this.#alone(async () => {
      this.#engine.signal('SIGSTOP');
      await work();
      this.#engine.signal('SIGCONT');
    });
  }

  /** Containers that agents made. */
  async containers(): Promise<string[]> {
    const listed = await this.#engine.docker(['ps', '-aq', '--filter', `label=${RUN_LABEL}`]);
    return listed.split('\n').filter(Boolean);
  }

  /** `undefined` also where the engine does not answer. */
  async containerOf(task: string): Promise<string | undefined> {
    const format = `{{.ID}} {{.Label "${RUN_LABEL}"}}`;
    const words = ['ps', '-a', '--filter', `label=${RUN_LABEL}`, '--format', format];
    const listed = await this.#engine.docker(words).catch(() => '');
    const lines = listed.split('\n').map((line) => line.split(' '));
    return lines.find(([, run]) => run?.startsWith(`${task}-`))?.[0];
  }

  /** @returns whether the engine did it */
  async command(...words: string[]): Promise<boolean> {
    return this.#engine.docker(words).then(
      () => true,
      () => false,
    );
  }

  async removeContainers(): Promise<void> {
    for (const id of await this.containers()) await this.command('rm', '--force', id);
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
  }

  async #alone(act: () => Promise<void>): Promise<boolean> {
    if (this.#isAway) return false;
    this.#isAway = true;
    await act().finally(() => {
      this.#isAway = false;
    });
    return true;
  }
}
