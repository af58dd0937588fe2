import { existsSync } from 'node:fs';
import { causeLine } from '../../src/errors.js';
import { run } from '../../src/os/exec.js';
import { BUILD_SCRIPT, CLUSTER_PROGRAM, PROGRAM_FOLDER } from '../support/kubernetes-tools.js';

/** Cold and beside other work, on two processors. */
const BUILD_MS = 40 * 60_000;
/** The tests that run meanwhile come first. */
const BUILDER = ['nice', '-n', '19', 'sh', BUILD_SCRIPT, PROGRAM_FOLDER] as const;

/**
 * Builds the programs of a Kubernetes cluster, once for each version of their sources.
 *
 * @returns why they are missing, in one line; nothing once they are there
 */
export async function buildClusterPrograms(): Promise<string | undefined> {
  if (existsSync(CLUSTER_PROGRAM)) return undefined;
  const words = await build().catch(causeLine);
  return words === undefined ? undefined : `${BUILD_SCRIPT} failed (${words})`;
}

async function build(): Promise<string | undefined> {
  const result = await run(BUILDER, { env: process.env, timeoutMs: BUILD_MS });
  if (result.exitCode === 0) return undefined;
  return result.timedOut ? 'it took too long' : result.stderr.trim().split('\n').at(-1);
}
