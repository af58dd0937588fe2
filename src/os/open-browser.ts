import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { platform } from 'node:os';
import { systemCode } from '../errors.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Programs that show an address or a file in the browser of the user, in the order in which they are tried. */
const OPENERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  darwin: [['open']],
  linux: [['xdg-open'], ['wslview'], ['sensible-browser'], ['gio', 'open']],
};

/**
 * Shows an address or a file in the user's browser, without a shell. The browser outlives this process.
 *
 * @param target no secret: other users of the machine see it in the list of processes
 * @returns the program that was started; `undefined` if this machine has none
 */
export async function openBrowser(target: string, env: Environment): Promise<string | undefined> {
  for (const [program = '', ...words] of OPENERS[platform()] ?? [])
    if (await started(program, [...words, target], env)) return program;
  return undefined;
}

async function started(program: string, words: readonly string[], env: Environment): Promise<boolean> {
  const child = spawn(program, words, { env: { ...env }, stdio: 'ignore', detached: true });
  try {
    await once(child, 'spawn');
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
  child.on('error', () => undefined);
  child.unref();
  return true;
}
