import { causeLine } from '../errors.js';

const ANSWER_MS = 5000;

export interface HealthAnswer {
  ok: boolean;
  /** What the daemon says about itself, or why it does not. */
  text: string;
}

/**
 * Asks a daemon how it is.
 *
 * @param base address of its metrics, such as `http://127.0.0.1:9101`
 */
export async function askHealth(base: string): Promise<HealthAnswer> {
  const url = `${base}/healthz`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    return { ok: answer.ok, text: await answer.text() };
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { ok: false, text: `no answer from ${url}: ${causeLine(cause)}` };
  }
}

/** Where a daemon that listens on `host` is reached from its own machine. */
export function healthBase(host: string, port: number): string {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}
