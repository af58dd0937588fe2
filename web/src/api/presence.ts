import { signal } from '@preact/signals';
import { at } from '../base.js';

/** Whether the server answers. */
export const isGone = signal(false);
/** Grows each time that the server answers again; what shows its data asks again. */
export const returns = signal(0);

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

export function serverAnswered(): void {
  if (!isGone.value) return;
  isGone.value = false;
  returns.value += 1;
}

/** Shows the banner and asks until the server answers. */
export function serverIsGone(): void {
  if (isGone.value) return;
  isGone.value = true;
  void askUntilBack(FIRST_RETRY_MS);
}

async function askUntilBack(waitMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  await retryNow();
  if (isGone.value) await askUntilBack(Math.min(waitMs * 2, LONGEST_RETRY_MS));
}

/** @returns whether the server answers */
export async function retryNow(): Promise<boolean> {
  try {
    const { ok } = await fetch(at('/api/debug.ping'), {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    if (ok) serverAnswered();
    return ok;
  } catch {
    return false;
  }
}
