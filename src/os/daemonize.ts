import { spawn } from 'node:child_process';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentError, ERROR_TABLE, type ErrorCode } from '../errors.js';
import { ensureFolder } from './files.js';

export interface BackgroundRequest {
  /** Script and its arguments, for the Node that runs now; it takes none of them for its own. */
  argv: readonly string[];
  /** Output of the process goes to the end of this file. */
  logFile: string;
  env: Readonly<Record<string, string | undefined>>;
  /** How long the process may take to say that it is ready. */
  timeoutMs: number;
}

/**
 * Starts a copy of this program in the background: own session, no terminal, output to a file. Resolves when it
 * says that it is ready (`process.send('ready')`).
 *
 * @throws AgentError the error that it reports when it ends before that; LAUNCH_FAILED or USAGE with its last words
 * when it reports none
 */
export async function startInBackground(
  request: BackgroundRequest,
): Promise<{ pid: number; ready: boolean }> {
  await ensureFolder(path.dirname(request.logFile));
  const log = await open(request.logFile, 'a', 0o600);
  const begin = (await stat(request.logFile)).size;
  try {
    const child = spawn(process.execPath, [...process.execArgv, '--', ...request.argv], {
      detached: true,
      env: { ...request.env },
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    });
    const outcome = await firstNews(child, request.timeoutMs);
    if (outcome.kind === 'failure') {
      const { code, message, hint, detail } = outcome.failure;
      const log = `Its whole log is in ${request.logFile}.`;
      throw new AgentError(code, message, {
        hint: hint === undefined ? log : `${hint} ${log}`,
        ...(detail === undefined ? {} : { detail }),
      });
    }
    if (outcome.kind === 'exit') {
      const words = await lastWords(request.logFile, begin);
      throw new AgentError(
        startFailure(outcome.status),
        `the daemon ended with status ${outcome.status} while starting`,
        {
          detail: words,
          hint: `Its whole log is in ${request.logFile}.`,
        },
      );
    }
    child.disconnect();
    child.unref();
    return { pid: child.pid ?? 0, ready: outcome.kind === 'ready' };
  } finally {
    await log.close();
  }
}

/** The exit status in the background is the one of the same command in the foreground. */
function startFailure(status: number | null): ErrorCode {
  return status === ERROR_TABLE.USAGE[0] ? 'USAGE' : 'LAUNCH_FAILED';
}

/** What a process that cannot start sends to the one that started it. */
export interface StartFailure {
  failure: { code: ErrorCode; message: string; hint: string | undefined; detail: string | undefined };
}

function isStartFailure(message: unknown): message is StartFailure {
  return typeof message === 'object' && message !== null && 'failure' in message;
}

type News =
  | { kind: 'ready' }
  | ({ kind: 'failure' } & StartFailure)
  | { kind: 'timeout' }
  | { kind: 'exit'; status: number | null };

function firstNews(child: ReturnType<typeof spawn>, timeoutMs: number): Promise<News> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve({ kind: 'timeout' }), timeoutMs);
    const settle = (news: News) => {
      clearTimeout(timer);
      resolve(news);
    };
    child.once('message', (message) =>
      settle(isStartFailure(message) ? { kind: 'failure', ...message } : { kind: 'ready' }),
    );
    child.once('exit', (status) => {
      // Its last message may still be on the way.
      if (child.connected) child.once('disconnect', () => settle({ kind: 'exit', status }));
      else settle({ kind: 'exit', status });
    });
    child.once('error', reject);
  });
}

const LAST_WORDS_BYTES = 2000;

async function lastWords(file: string, begin: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const from = Math.max(begin, size - LAST_WORDS_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await handle.close();
  }
}
