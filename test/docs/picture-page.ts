import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { startServer } from '../../src/server/server.js';
import { clientOf } from '../support/embedded-server.js';
import { logIn, startBrowser } from '../support/web/browser.js';
import { addSamples, type Samples } from '../support/web/sample-data.js';
import { addFleet } from '../support/web/sample-fleet.js';

/** Pictures of the built page over sample tasks, for people who look before they install: docs/pictures. */
const FOLDER = path.resolve(import.meta.dirname, '../../docs/pictures');
const MODES = {
  light: { colorScheme: 'light', viewport: { width: 1100, height: 680 } },
  dark: { colorScheme: 'dark', viewport: { width: 1100, height: 680 } },
  phone: { colorScheme: 'light', viewport: { width: 380, height: 720 } },
} as const;
const QUALITY = 55;
/** Charts and images come after the page. */
const SETTLES_MS = 2500;

function pagesOf({ running, completed }: Samples): Record<string, string> {
  const both = `${running},${completed}`;
  return {
    overview: '/',
    queues: '/queues',
    tasks: '/tasks',
    task: `/tasks/${running}`,
    console: `/tasks/${running}?tab=console`,
    scalars: `/tasks/${running}?tab=scalars`,
    plots: `/tasks/${running}?tab=plots`,
    compare: `/compare?tasks=${both}&tab=scalars`,
    'new-task': '/tasks/new',
    workers: '/workers',
    settings: '/settings',
  };
}

async function take(page: Page, base: string, pages: Record<string, string>, mode: string): Promise<void> {
  for (const [name, address] of Object.entries(pages)) {
    await page.goto(`${base}${address}`);
    await page.waitForTimeout(SETTLES_MS);
    await page.screenshot({ path: path.join(FOLDER, `${name}-${mode}.jpg`), type: 'jpeg', quality: QUALITY });
  }
}

const folder = mkdtempSync(path.join(tmpdir(), 'page-'));
const server = await startServer({ folder });
const browser = await startBrowser();
try {
  const { call } = clientOf(server);
  const { accessKey, secretKey } = server.credentials;
  const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
  const samples = await addSamples({ call, files: server.filesUrl, authorization });
  await addFleet(call, samples);
  mkdirSync(FOLDER, { recursive: true });
  for (const [mode, options] of Object.entries(MODES)) {
    const page = await (await browser.newContext({ ...options, reducedMotion: 'reduce' })).newPage();
    await logIn(page, server);
    await take(page, server.webUrl, pagesOf(samples), mode);
  }
} finally {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
}
