import { setTimeout as sleep } from 'node:timers/promises';

/** Most pods that are asked at once: where many start, a second does not count, and each question costs the API server. */
const MOST = 4;
const FIRST_MS = 300;
const AGAIN_MS = 150;
const TRIES = 20;

/**
 * Finds out that containers run before the API shows it: the kubelet looks at its containers once a second, and a command in
 * a container works from its start on.
 */
export class EarlyAnswers {
  #asked = 0;

  /**
   * @param answers whether a command in the container worked; never rejects
   * @returns false where it gives up; the API shows in the end how the pod is
   */
  async wait(answers: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
    if (this.#asked >= MOST) return false;
    this.#asked += 1;
    try {
      await sleep(FIRST_MS, undefined, { signal });
      for (let tries = 0; tries < TRIES; tries++) {
        if (await answers()) return true;
        await sleep(AGAIN_MS, undefined, { signal });
      }
      return false;
    } catch {
      return false;
    } finally {
      this.#asked -= 1;
    }
  }
}
