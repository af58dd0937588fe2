import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Capabilities,
  Driver,
  ExecResult,
  OutputChunk,
  Place,
  PlaceCommand,
  PlaceRef,
  PlaceRequest,
  Workload,
  WorkloadExit,
  WorkloadRef,
} from '../../src/drivers/driver.js';
import { AgentError } from '../../src/errors.js';

/** What a task can ask of the fake driver, by variables in the section `Environment` of its parameters. */
export interface FakeBehaviour {
  /** Milliseconds until the place is open. */
  FAKE_OPEN_MS?: string;
  /** Opening the place fails with this cause. */
  FAKE_OPEN_FAILS?: string;
  /** Launching the command fails with this cause. */
  FAKE_LAUNCH_FAILS?: string;
  /** What the command prints. */
  FAKE_OUTPUT?: string;
  /** Reading the output breaks after what is printed. */
  FAKE_OUTPUT_BREAKS?: string;
  /** Milliseconds that the command runs; `forever` until it is stopped. */
  FAKE_RUN_MS?: string;
  FAKE_EXIT_CODE?: string;
  FAKE_SIGNAL?: string;
  /** The kernel ends the command because the memory is used up. */
  FAKE_OUT_OF_MEMORY?: string;
  /** The command is gone without an exit status. */
  FAKE_LOST?: string;
  /** Milliseconds that the command takes to end once it is told to. */
  FAKE_STOP_MS?: string;
}

/** What a look at a place without any programs prints (`container-survey.ts`). */
const NOTHING: ExecResult = { exitCode: 0, stdout: '== programs\n', stderr: '' };

/** A driver without processes: it does what the task asks of it, and refuses calls in a wrong order. */
export class FakeDriver implements Driver {
  readonly kind = 'fake';
  readonly capabilities: Capabilities;
  /** The calls so far, in order. */
  readonly calls: string[] = [];
  readonly #state = new Map<string, FakeState>();

  constructor(capabilities: Partial<Capabilities> = {}) {
    this.capabilities = {
      hostPaths: false,
      agentUser: true,
      disposable: true,
      assignsGpus: true,
      ownEnvironment: true,
      slowToOpen: false,
      appliesResources: false,
      ...capabilities,
    };
  }

  async open({ taskId, task, signal }: PlaceRequest): Promise<Place> {
    const behaviour = behaviourOf(task?.record.hyperparams);
    this.#step(taskId, 'open', [undefined, 'disposed']);
    await sleep(Number(behaviour.FAKE_OPEN_MS ?? 0), undefined, { signal });
    if (behaviour.FAKE_OPEN_FAILS !== undefined) {
      this.#state.delete(taskId);
      throw new AgentError('DOCKER_IMAGE', behaviour.FAKE_OPEN_FAILS);
    }
    this.#state.set(taskId, { at: 'open', behaviour });
    return this.#place(taskId);
  }

  async launch({ ref }: Place, _command: PlaceCommand): Promise<Workload> {
    const { behaviour } = this.#step(ref.taskId, 'launch', ['open']);
    if (behaviour.FAKE_LAUNCH_FAILS !== undefined) {
      this.#state.set(ref.taskId, { at: 'failed', behaviour });
      throw new AgentError('LAUNCH_FAILED', behaviour.FAKE_LAUNCH_FAILS);
    }
    const workload = new FakeWorkload({ ...ref, output: 'memory' }, behaviour, (call) =>
      this.calls.push(call),
    );
    this.#state.set(ref.taskId, { at: 'launch', workload, behaviour });
    return workload;
  }

  async attach(ref: WorkloadRef): Promise<Workload | undefined> {
    this.calls.push('attach');
    return this.#state.get(ref.taskId)?.workload;
  }

  async find(ref: PlaceRef): Promise<WorkloadRef | undefined> {
    this.calls.push('find');
    return this.#state.get(ref.taskId)?.workload?.ref;
  }

  async search(): Promise<undefined> {
    return undefined;
  }

  async dispose({ taskId }: PlaceRef): Promise<void> {
    const { workload, behaviour } = this.#step(taskId, 'dispose', ['open', 'launch', 'failed', 'disposed']);
    if (workload?.isRunning) throw new Error('the place was disposed of while its command runs');
    this.#state.set(taskId, { at: 'disposed', behaviour });
  }

  #place(taskId: string): Place {
    const inOpen = <T>(call: string, result: T) => {
      this.#step(taskId, call, ['open']);
      return result;
    };
    return {
      capabilities: this.capabilities,
      ref: { kind: this.kind, version: 1, taskId },
      environment: async () => inOpen('environment', { HOME: '/root', PATH: '/bin' }),
      exec: async () => inOpen('exec', NOTHING),
      write: async () => inOpen('write', undefined),
      read: async () => inOpen('read', undefined),
      inside: (file) => file,
    };
  }

  #step(taskId: string, call: string, allowed: readonly (Stage | undefined)[]): FakeState {
    const state = this.#state.get(taskId);
    if (!allowed.includes(state?.at)) throw new Error(`wrong order: ${call} when ${state?.at ?? 'not open'}`);
    if (this.calls.at(-1) !== call) this.calls.push(call);
    return state ?? { at: 'disposed', behaviour: {} };
  }
}

type Stage = 'open' | 'launch' | 'failed' | 'disposed';

interface FakeState {
  at: Stage;
  workload?: FakeWorkload;
  behaviour: FakeBehaviour;
}

function behaviourOf(parameters: Record<string, Record<string, { value: string }>> = {}): FakeBehaviour {
  const values = Object.entries(parameters.Environment ?? {}).map(([name, { value }]) => [name, value]);
  return Object.fromEntries(values);
}

class FakeWorkload implements Workload {
  readonly ref: WorkloadRef;
  readonly exited: Promise<WorkloadExit>;
  readonly #behaviour: FakeBehaviour;
  readonly #note: (call: string) => void;
  readonly #stopped = new AbortController();
  /** Bytes of output from its start that are a hole now, which is read as zeros. */
  #freed = 0;
  isRunning = true;

  constructor(ref: WorkloadRef, behaviour: FakeBehaviour, note: (call: string) => void) {
    this.ref = ref;
    this.#behaviour = behaviour;
    this.#note = note;
    this.exited = this.#run();
  }

  async #run(): Promise<WorkloadExit> {
    const { FAKE_RUN_MS: ms = '0' } = this.#behaviour;
    const { signal } = this.#stopped;
    const time = ms === 'forever' ? 2 ** 30 : Number(ms);
    await sleep(time, undefined, { signal }).catch(() => undefined);
    this.isRunning = false;
    return signal.aborted ? { kind: 'signalled', signal: 'SIGTERM' } : this.#exit();
  }

  #exit(): WorkloadExit {
    const { FAKE_LOST, FAKE_OUT_OF_MEMORY, FAKE_SIGNAL, FAKE_EXIT_CODE = '0' } = this.#behaviour;
    if (FAKE_LOST !== undefined) return { kind: 'lost', reason: FAKE_LOST };
    if (FAKE_OUT_OF_MEMORY !== undefined) return { kind: 'signalled', signal: 'SIGKILL', oomKilled: true };
    if (FAKE_SIGNAL !== undefined) return { kind: 'signalled', signal: FAKE_SIGNAL };
    return { kind: 'exited', code: Number(FAKE_EXIT_CODE) };
  }

  async *output(position: number, signal: AbortSignal): AsyncGenerator<OutputChunk> {
    this.#note('output');
    const data = Buffer.from(this.#behaviour.FAKE_OUTPUT ?? '').fill(0, 0, this.#freed);
    if (position < data.length) yield { data: data.subarray(position), position: data.length };
    if (this.#behaviour.FAKE_OUTPUT_BREAKS !== undefined) throw new Error('the output cannot be read');
    if (!signal.aborted) await Promise.race([this.exited, once(signal, 'abort')]);
  }

  async release(position: number): Promise<void> {
    this.#note('release');
    this.#freed = position;
  }

  async stop(graceMs: number): Promise<void> {
    this.#note('stop');
    await sleep(Math.min(graceMs, Number(this.#behaviour.FAKE_STOP_MS ?? 0)));
    this.#stopped.abort();
    await this.exited;
  }
}
