import { retryNow, returns, serverIsGone } from './api/presence.js';

const RELOADED = 'reloaded at';
const AGAIN_AFTER_MS = 30_000;

/**
 * A page that cannot load one of its files starts again: a server that was upgraded has others. While the server is gone, it stays
 * as it is, and starts again once the server has returned.
 */
export function reloadForNewBuild(): void {
  addEventListener('vite:preloadError', () => void startAgain());
}

async function startAgain(): Promise<void> {
  if (await retryNow()) reload();
  else {
    serverIsGone();
    const before = returns.value;
    const leave = returns.subscribe((now) => {
      if (now === before) return;
      leave();
      location.reload();
    });
  }
}

function reload(): void {
  const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
  if (Date.now() - last < AGAIN_AFTER_MS) return;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  location.reload();
}
