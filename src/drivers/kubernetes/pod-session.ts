import { randomBytes } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { type AgentError, causeLine } from '../../errors.js';
import { quoteWord } from '../../os/shell-words.js';
import type { Cluster } from './cluster.js';
import { clusterError } from './cluster-errors.js';
import { statusError } from './cluster-request.js';
import { LastWord, withLastWord } from './last-word.js';
import type { PodCommand, PodContainer } from './pod-exec.js';

/** Version 5 can close a command's input; API servers have it since Kubernetes 1.30. */
const PROTOCOL = 'v5.channel.k8s.io';
const STDIN = 0;
const CLOSE = Buffer.from([255, STDIN]);
const STREAMS = { 1: 'stdout', 2: 'stderr' } as const;
const STATUS = 3;

/** How often the other end of a connection is asked for a sign of life; one without an answer is closed. */
const PING_MS = 20_000;
const INPUT_PIECE = 256 * 1024;
const INPUT_WAITING = 1024 * 1024;

/** The first byte of the output: the shell has started. */
const READY = 6;

/**
 * The variables of a command are no part of the API's call, and words of a call are in the logs of API servers: a shell
 * reads all of it from its input, up to a line that no program can have guessed.
 */
const READ_PROGRAM =
  'printf "\\006"; agent_p=; while IFS= read -r agent_l && [ "$agent_l" != "$1" ]; do agent_p="$agent_p$agent_l\n"; done; eval "$agent_p"';

/**
 * A shell in a container that waits for its program.
 *
 * @throws AgentError KUBERNETES for an API server that gives no answer or refuses
 */
export async function openSession(
  cluster: Cluster,
  where: PodContainer,
  signal?: AbortSignal,
): Promise<PodSession> {
  const marker = randomBytes(12).toString('hex');
  const socket = await connect(cluster, where, ['/bin/sh', '-c', READ_PROGRAM, 'sh', marker], signal);
  const lost = (why: string) =>
    clusterError(`a command in pod ${where.pod}`, new Error(why), cluster.access.server);
  return new PodSession(socket, marker, lost);
}

/** Runs one command. */
export class PodSession {
  /** Settles once the shell has started. */
  readonly ready: Promise<void>;
  /** The Status object that comes when the command has ended. */
  readonly #ended: Promise<unknown>;
  readonly #over = new AbortController();
  readonly #socket: WebSocket;
  readonly #marker: string;
  readonly #lost: (why: string) => AgentError;
  readonly #words: Record<'stdout' | 'stderr', LastWord>;
  #tellEnd: (status: unknown) => void = () => undefined;
  /** The shell reports the end of its command. */
  #hasWord = false;
  #isReady = false;
  #onOutput: PodCommand['onOutput'] = () => undefined;

  constructor(socket: WebSocket, marker: string, lost: (why: string) => AgentError) {
    this.#socket = socket;
    this.#marker = marker;
    this.#lost = lost;
    this.#words = { stdout: new LastWord(marker), stderr: new LastWord(marker) };
    let tellReady: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      tellReady = resolve;
    });
    this.#ended = this.#untilStatus(tellReady).finally(() => this.#over.abort());
    this.#ended.catch(() => undefined);
    const early = this.#ended.then(() => Promise.reject(lost('the shell has ended')));
    this.ready = Promise.race([ready, early]);
    this.ready.catch(() => undefined);
    socket.resume();
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /**
   * Runs a command to its end, once in the life of a session.
   *
   * @returns the Status object of its end
   * @throws AgentError KUBERNETES for a connection that breaks off
   */
  async run({ argv, env = [], cwd, input, signal, onOutput }: PodCommand): Promise<unknown> {
    const program = [
      'unset agent_p agent_l',
      ...env.flatMap(exportLine),
      ...(cwd === undefined ? [] : [`cd ${quoteWord(cwd)} || exit 126`]),
      ...this.#commandLines(argv.map(quoteWord).join(' '), input),
      this.#marker,
      '',
    ].join('\n');
    this.#onOutput = onOutput;
    let abort = () => undefined as unknown;
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    });
    aborted.catch(() => undefined);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const ended = Promise.race([this.#ended, aborted]);
      await Promise.race([ended, this.#send(program, input)]);
      return await ended;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.close();
    }
  }

  /** A stream ends the shell's input, and its command prints nothing that counts. */
  #commandLines(command: string, input: PodCommand['input']): string[] {
    if (input !== undefined && !isWhole(input)) return [`exec ${command}`];
    this.#hasWord = true;
    const from = input === undefined ? '' : `head -c ${Buffer.byteLength(input)} | `;
    return withLastWord(`${from}${command}${input === undefined ? ' < /dev/null' : ''}`, this.#marker);
  }

  /** Ends a session; the shell ends with its input. */
  close(): void {
    this.#over.abort();
    this.#socket.terminate();
  }

  #untilStatus(tellReady: () => void): Promise<unknown> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      let isAlive = true;
      const ping = setInterval(() => {
        // A reader that is slow keeps answers from being seen.
        if (!isAlive && !socket.isPaused) end(() => reject(this.#lost('the connection is dead')));
        isAlive = false;
        if (socket.readyState === WebSocket.OPEN) socket.ping();
      }, PING_MS);
      const end = (settle: () => void) => {
        clearInterval(ping);
        settle();
      };
      this.#tellEnd = (status) => end(() => resolve(status));
      socket.on('pong', () => (isAlive = true));
      socket.on('message', (data: Buffer) => {
        isAlive = true;
        const channel = data[0];
        const content = data.subarray(1);
        if (channel === STATUS)
          return end(() => {
            const status: unknown = JSON.parse(content.toString('utf8'));
            if (this.#hasWord && Object(status).status === 'Success')
              reject(this.#lost('its output is lost'));
            else resolve(status);
          });
        if (channel !== 1 && channel !== 2) return;
        const taken = this.#take(content, STREAMS[channel], tellReady);
        if (!(taken instanceof Promise)) return;
        socket.pause();
        taken.then(
          () => socket.resume(),
          (error: unknown) => end(() => reject(error)),
        );
      });
      socket.on('error', (error) => end(() => reject(this.#lost(causeLine(error)))));
      socket.on('close', () => end(() => reject(this.#lost('the connection broke off'))));
    });
  }

  #take(content: Buffer, stream: 'stdout' | 'stderr', tellReady: () => void): unknown {
    const isWord = stream === 'stdout' && !this.#isReady && content[0] === READY;
    if (isWord) {
      this.#isReady = true;
      tellReady();
    }
    const output = this.#words[stream].take(isWord ? content.subarray(1) : content);
    const taken = output.length === 0 ? undefined : this.#onOutput(output, stream);
    const { stdout, stderr } = this.#words;
    if (stdout.code !== undefined && stderr.code !== undefined) this.#tellEnd(statusOf(stdout.code));
    return taken;
  }

  async #send(program: string, input: PodCommand['input']): Promise<void> {
    const socket = this.#socket;
    const put = async (data: Uint8Array) => {
      for (let at = 0; at < data.length && !this.isOver; at += INPUT_PIECE) {
        socket.send(Buffer.concat([Buffer.from([STDIN]), data.subarray(at, at + INPUT_PIECE)]));
        while (socket.bufferedAmount > INPUT_WAITING && !this.isOver) await sleep(10);
      }
    };
    await put(Buffer.from(program));
    if (input === undefined) return;
    if (isWhole(input)) return put(Buffer.from(input));
    for await (const data of input) await put(data);
    if (!this.isOver) socket.send(CLOSE);
  }
}

function isWhole(input: NonNullable<PodCommand['input']>): input is string | Uint8Array {
  return typeof input === 'string' || input instanceof Uint8Array;
}

/** As the API server tells it. */
function statusOf(code: number): unknown {
  if (code === 0) return { status: 'Success' };
  return { status: 'Failure', details: { causes: [{ reason: 'ExitCode', message: String(code) }] } };
}

function exportLine(pair: string): string[] {
  const at = pair.indexOf('=');
  const name = pair.slice(0, at);
  return /^[A-Za-z_]\w*$/.test(name) ? [`export ${name}=${quoteWord(pair.slice(at + 1))}`] : [];
}

async function connect(
  cluster: Cluster,
  { pod, container }: PodContainer,
  argv: readonly string[],
  signal: AbortSignal | undefined,
): Promise<WebSocket> {
  signal?.throwIfAborted();
  const { kubeConfig, server } = cluster.access;
  const query = new URLSearchParams([
    ['container', container],
    ['stdin', 'true'],
    ['stdout', 'true'],
    ['stderr', 'true'],
    ...argv.map((word): [string, string] => ['command', word]),
  ]);
  const options: RequestOptions = {};
  await kubeConfig.applyToHTTPSOptions(options);
  const address = server.replace(/^http/, 'ws').replace(/\/+$/, '');
  const socket = new WebSocket(`${address}${cluster.execPath(pod, query)}`, [PROTOCOL], {
    ...(options as WebSocket.ClientOptions),
    handshakeTimeout: 30_000,
    perMessageDeflate: false,
    // Output is taken from the pause on; none is lost between the answer and the first listener.
    allowSynchronousEvents: false,
  });
  let abort = () => undefined as unknown;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal?.reason);
  });
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([opened(socket), aborted]);
  } catch (error) {
    socket.on('error', () => undefined).terminate();
    signal?.throwIfAborted();
    throw clusterError(`a command in pod ${pod}`, error, server);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
  return socket;
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('unexpected-response', (_request, answer) => {
      let text = '';
      answer.on('data', (data: Buffer) => (text += data.toString('utf8')));
      answer.once('close', () => reject(statusError(answer.statusCode ?? 0, text)));
    });
    socket.once('error', reject);
    socket.once('open', () => {
      socket.pause();
      resolve();
    });
  });
}
