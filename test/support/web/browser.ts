import type { ExecutionContext } from 'ava';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { EmbeddedServer } from '../../../src/server/server.js';
import type { ServerUnderTest } from '../embedded-server.js';

/** The browser of the system; playwright's own are not used. */
const CHROMIUM = '/usr/bin/chromium';
/** A loaded machine starts a browser, and lays out a page, slowly. */
const PATIENCE_MS = 60_000;

/** The browser of this process while a test uses it: a start takes as much as ten pages. */
const shared: { browser?: Promise<Browser>; users: number } = { users: 0 };

export interface PageUnderTest {
  page: Page;
  browser: Browser;
  /** Shows a page of the application. */
  open(to: string): Promise<void>;
  /** Errors of scripts, and what the policy of the page refused. */
  errors: readonly string[];
}

export function startBrowser(): Promise<Browser> {
  // Root has no sandbox; what the browser shows here comes from the test itself.
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** Tests of a file run side by side; each has a context of its own, without the cookies of others. */
function sharedBrowser(t: ExecutionContext): Promise<Browser> {
  shared.users += 1;
  shared.browser ??= startBrowser();
  const { browser } = shared;
  t.teardown(async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    shared.browser = undefined;
    await (await browser).close();
  });
  return browser;
}

/** Logs in by the server's first pair of keys, and shows the list of tasks. */
export async function logIn(
  page: Page,
  { webUrl, credentials }: Pick<EmbeddedServer, 'webUrl' | 'credentials'>,
): Promise<void> {
  await page.goto(`${webUrl}/login?next=%2Ftasks`);
  await page.getByLabel('Access key').fill(credentials.accessKey);
  await page.getByLabel('Secret key').fill(credentials.secretKey);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: 'Tasks' }).waitFor();
}

/** A browser that is logged in. The page is that of the last build. */
export async function pageUnderTest(
  t: ExecutionContext,
  { server }: Pick<ServerUnderTest, 'server'>,
  options: BrowserContextOptions = {},
): Promise<PageUnderTest> {
  const browser = await sharedBrowser(t);
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    ...options,
  });
  t.teardown(() => context.close());
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error.stack)));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) errors.push(message.text());
  });
  await logIn(page, server);
  const open = async (to: string) => void (await page.goto(`${server.webUrl}${to}`));
  return { page, browser, open, errors };
}
