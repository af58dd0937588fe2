import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { AgentError } from '../../src/errors.js';
import { CheckoutBench } from './checkout-bench.js';
import { type GitHttpServer, startGitHttpServer } from './git-http-server.js';
import { GitRepository } from './git-repository.js';

/** Every letter of it means something to a shell, a URL or a configuration. */
export const PASSWORD = 'p@ss $w`o"r\\d\' %41';
export const CREDENTIALS = { 'agent.git_user': 'bot', 'agent.git_pass': PASSWORD };

/** A repository behind a git server, which may ask for a login. */
export interface Served {
  b: CheckoutBench;
  server: GitHttpServer;
  source: GitRepository;
}

/** @param users passwords by names; without them all may read */
export async function served(t: ExecutionContext, users?: Record<string, string>): Promise<Served> {
  const b = new CheckoutBench();
  const root = path.join(b.folder, 'served');
  const source = new GitRepository(path.join(root, 'team', 'repo'));
  source.commit({ 'a.py': 'print(1)\n' });
  const server = await startGitHttpServer(root, users);
  t.teardown(async () => {
    await server.close();
    await b.remove();
  });
  return { b, server, source };
}

/** The error of what must fail. */
export async function failure(promise: Promise<unknown>): Promise<AgentError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof AgentError) return error;
  throw error instanceof Error ? error : new Error('nothing was thrown');
}
