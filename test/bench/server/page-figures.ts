import type { Browser, BrowserContext, Page } from 'playwright-core';
import { logIn } from '../../support/web/browser.js';
import { median } from '../measure.js';
import type { BenchServer } from './bench-server.js';

export interface ConsoleFigures {
  /** Milliseconds from the click on the tab to the frame that shows lines, median. */
  paint: number;
  /** Milliseconds of the longest task while the log is scrolled through; 0: none over 50 ms. */
  longest: number;
  /** What was scrolled through. */
  lines: number;
  /** MB afterwards, without what the collector can free. */
  heap: number;
}

const PATIENCE_MS = 10 * 60_000;

/** A context that is logged in. */
export async function loggedIn(browser: Browser, server: BenchServer): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await logIn(page, server);
  await page.close();
  return context;
}

/** Resolves with the time of the frame after the first element of a selector is there. */
const SHOWN = (selector: string) => `new Promise((resolve) => {
  const look = () => document.querySelector(${JSON.stringify(selector)}) === null
    ? requestAnimationFrame(look)
    : requestAnimationFrame(() => resolve(performance.now()));
  look();
})`;

/** Seconds from the navigation of a browser without a cache to the rows of the list, median. */
export async function measureFirstLoad(
  browser: Browser,
  server: BenchServer,
  rounds: number,
): Promise<number> {
  const first = await loggedIn(browser, server);
  const storageState = await first.storageState();
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const context = await browser.newContext({ storageState });
    const page = await context.newPage();
    await page.goto(`${server.webUrl}/tasks`, { waitUntil: 'commit' });
    times.push((await page.evaluate<number>(SHOWN('tbody tr'))) / 1000);
    await context.close();
  }
  await first.close();
  return median(times);
}

export async function measureConsole(
  browser: Browser,
  server: BenchServer,
  { task, rounds }: { task: string; rounds: number },
): Promise<ConsoleFigures> {
  const context = await loggedIn(browser, server);
  const page = await context.newPage();
  const paints: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await page.goto(`${server.webUrl}/tasks/${task}?tab=info`);
    await page.getByRole('tab', { name: 'Console' }).waitFor();
    paints.push(await page.evaluate<number>(CHOOSE_CONSOLE));
  }
  const { longest, lines } = await page.evaluate<{ longest: number; lines: number }>(SCROLL_THROUGH);
  const heap = await heapMegabytes(page);
  await context.close();
  return { paint: median(paints), longest, lines, heap };
}

const CHOOSE_CONSOLE = `(async () => {
  const tab = [...document.querySelectorAll('[role=tab]')].find((one) => one.textContent === 'Console');
  const start = performance.now();
  tab.click();
  return (await ${SHOWN('.console-row')}) - start;
})()`;

/** A page and a half a frame upwards, as a person who drags the bar, until nothing comes before the first line. */
const SCROLL_THROUGH = `new Promise((resolve) => {
  let longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  }).observe({ type: 'longtask' });
  const frame = document.querySelector('.console-frame');
  const rowHeight = 19;
  const waitsMs = 3000;
  let scrolled = 0;
  let moved = performance.now();
  const step = () => {
    const before = frame.scrollTop;
    frame.scrollTop -= 1000;
    scrolled += before - frame.scrollTop;
    if (frame.scrollTop < before) moved = performance.now();
    if (performance.now() - moved > waitsMs) resolve({ longest, lines: Math.round(scrolled / rowHeight) });
    else requestAnimationFrame(step);
  };
  step();
})`;

async function heapMegabytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  return (metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN) / 1e6;
}
