import { randomBytes } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { AgentError, causeLine } from '../../errors.js';
import { quoteWord } from '../../os/shell-words.js';
import type { ContainerExec } from '../container/container-exec.js';
import type { Cluster } from './cluster.js';
import { clusterError } from './cluster-errors.js';
import { statusError } from './cluster-request.js';

export interface PodContainer {
  pod: string;
  container: string;
}

export interface PodCommand extends Omit<ContainerExec, 'input' | 'onOutput'> {
  /** Written to the command's standard input, which ends with it. */
  input?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** The next piece waits for what it returns. */
  onOutput(data: Uint8Array, stream: 'stdout' | 'stderr'): unknown;
}

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

/**
 * The variables of a command are no part of the API's call, and words of a call are in the logs of API servers: a shell
 * reads all of it from its input, up to a line that no program can have guessed.
 */
const READ_PROGRAM =
  'agent_p=; while IFS= read -r agent_l && [ "$agent_l" != "$1" ]; do agent_p="$agent_p$agent_l\n"; done; eval "$agent_p"';

/**
 * Runs a command in a container of a pod to its end. `user` has no effect: it runs as the container's user.
 *
 * @returns its exit code
 * @throws AgentError KUBERNETES for a connection that breaks off, KUBERNETES_POD for a container that takes no command
 */
export async function execInPod(cluster: Cluster, where: PodContainer, command: PodCommand): Promise<number> {
  const { argv, env = [], cwd, input, signal } = command;
  const marker = randomBytes(12).toString('hex');
  const program = [
    'unset agent_p agent_l',
    ...env.flatMap(exportLine),
    ...(cwd === undefined ? [] : [`cd ${quoteWord(cwd)} || exit 126`]),
    `exec ${argv.map(quoteWord).join(' ')}${input === undefined ? ' < /dev/null' : ''}`,
    marker,
    '',
  ].join('\n');
  const socket = await connect(cluster, where, ['/bin/sh', '-c', READ_PROGRAM, 'sh', marker], signal);
  const lost = (why: string) =>
    clusterError(`a command in pod ${where.pod}`, new Error(why), cluster.access.server);
  const done = new AbortController();
  const ended = untilStatus(socket, command.onOutput, lost, signal);
  ended.finally(() => done.abort()).catch(() => undefined);
  try {
    await Promise.race([ended, send(socket, program, input, done.signal)]);
    return exitCodeOf(where, await ended);
  } finally {
    socket.terminate();
  }
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
  try {
    await opened(socket, signal);
  } catch (error) {
    socket.on('error', () => undefined).terminate();
    signal?.throwIfAborted();
    throw clusterError(`a command in pod ${pod}`, error, server);
  }
  return socket;
}

function opened(socket: WebSocket, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.addEventListener('abort', reject, { once: true });
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

/** The Status object that comes when the command has ended. */
function untilStatus(
  socket: WebSocket,
  onOutput: PodCommand['onOutput'],
  lost: (why: string) => AgentError,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let status: unknown;
    let isAlive = true;
    const abort = () => reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal?.addEventListener('abort', abort, { once: true });
    const ping = setInterval(() => {
      // A reader that is slow keeps answers from being seen.
      if (!isAlive && !socket.isPaused) reject(lost('the connection is dead'));
      isAlive = false;
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    }, PING_MS);
    const end = (settle: () => void) => {
      clearInterval(ping);
      signal?.removeEventListener('abort', abort);
      settle();
    };
    socket.on('pong', () => (isAlive = true));
    socket.on('message', (data: Buffer) => {
      isAlive = true;
      const channel = data[0];
      const content = data.subarray(1);
      if (channel === STATUS) {
        status = JSON.parse(content.toString('utf8'));
        return end(() => resolve(status));
      }
      if ((channel !== 1 && channel !== 2) || content.length === 0) return;
      const taken = onOutput(content, STREAMS[channel]);
      if (!(taken instanceof Promise)) return;
      socket.pause();
      taken.then(
        () => socket.resume(),
        (error: unknown) => end(() => reject(error)),
      );
    });
    socket.on('error', (error) => end(() => reject(lost(causeLine(error)))));
    socket.on('close', () => end(() => reject(lost('the connection broke off'))));
    signal?.throwIfAborted();
    socket.resume();
  });
}

async function send(
  socket: WebSocket,
  program: string,
  input: PodCommand['input'],
  signal: AbortSignal,
): Promise<void> {
  const put = async (data: Uint8Array) => {
    for (let at = 0; at < data.length && !signal.aborted; at += INPUT_PIECE) {
      socket.send(Buffer.concat([Buffer.from([STDIN]), data.subarray(at, at + INPUT_PIECE)]));
      while (socket.bufferedAmount > INPUT_WAITING && !signal.aborted) await sleep(10);
    }
  };
  await put(Buffer.from(program));
  if (typeof input === 'string' || input instanceof Uint8Array) await put(Buffer.from(input));
  else if (input !== undefined) for await (const data of input) await put(data);
  if (!signal.aborted) socket.send(CLOSE);
}

interface ExecStatus {
  status?: string;
  reason?: string;
  message?: string;
  details?: { causes?: { reason?: string; message?: string }[] };
}

/** The exit code in the Status object of a command. */
export function exitCodeOf({ pod, container }: PodContainer, answer: unknown): number {
  const { status, message = '', details } = Object(answer) as ExecStatus;
  if (status === 'Success') return 0;
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (code !== undefined) return Number(code);
  throw new AgentError('KUBERNETES_POD', `container ${container} of pod ${pod} takes no command: ${message}`);
}
