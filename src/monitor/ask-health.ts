import { get } from 'node:http';
import { get as getTls } from 'node:https';
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

/** Asks a server whether it answers; its certificate is for the names that others use, so it is not checked. */
export function askPing(url: string): Promise<HealthAnswer> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  return new Promise((resolve) => {
    const onAnswer = (answer: { statusCode?: number; resume(): unknown }) => {
      answer.resume();
      resolve({ ok: answer.statusCode === 200, text: `${url} answers ${answer.statusCode}` });
    };
    const request = url.startsWith('https:')
      ? getTls(url, { signal, rejectUnauthorized: false, agent: false }, onAnswer)
      : get(url, { signal, agent: false }, onAnswer);
    request.once('error', (error) =>
      resolve({ ok: false, text: `no answer from ${url}: ${causeLine(error)}` }),
    );
  });
}
