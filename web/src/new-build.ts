const RELOADED = 'reloaded at';
const AGAIN_AFTER_MS = 30_000;

/** A server that was upgraded has other files: a page that cannot load one starts again with the new ones. */
export function reloadForNewBuild(): void {
  addEventListener('vite:preloadError', () => {
    const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
    if (Date.now() - last < AGAIN_AFTER_MS) return;
    sessionStorage.setItem(RELOADED, String(Date.now()));
    location.reload();
  });
}
