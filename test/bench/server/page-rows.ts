import path from 'node:path';
import { startBrowser } from '../../support/web/browser.js';
import type { Figure } from '../table.js';
import { FIRST_TASK, fillEvents, fillTasks, withServer } from './bench-server.js';
import { measureConsole, measureFirstLoad } from './page-figures.js';
import { measurePageLists } from './page-lists.js';

const OURS = path.resolve(import.meta.dirname, '../../..');
const LINES = 1_000_000;
const TASKS = 100_000;
const ROUNDS = 5;
const TURNS = 10;

/** The built page in Chromium. @param scale part of the full sizes */
export async function pageRows(scale: number): Promise<Figure[]> {
  const lines = Math.round(LINES * scale);
  const tasks = Math.round(TASKS * scale);
  const browser = await startBrowser();
  try {
    const ofConsole = await withServer(
      OURS,
      (server) => measureConsole(browser, server, { task: FIRST_TASK, rounds: ROUNDS }),
      (data) => fillEvents(OURS, data, 'log', lines),
    );
    const { load, lists } = await withServer(
      OURS,
      async (server) => ({
        load: await measureFirstLoad(browser, server, ROUNDS),
        lists: await measurePageLists(browser, server, TURNS),
      }),
      (data) => fillTasks(OURS, data, tasks),
    );
    const title = `page: console of ${lines} lines`;
    return [
      { name: `${title}, tab chosen to first paint`, unit: 'ms', ours: ofConsole.paint, goal: '≤ 300 ms' },
      {
        name: `${title}, longest task while scrolling`,
        unit: 'ms',
        ours: ofConsole.longest,
        goal: '≤ 100 ms',
      },
      { name: `${title}, lines scrolled through`, unit: '', ours: ofConsole.lines },
      {
        name: `${title}, JavaScript heap after it`,
        unit: 'MB',
        ours: ofConsole.heap,
        goal: '≤ 150 MB',
      },
      { name: `page: list of ${tasks} tasks, first load to its rows`, unit: 's', ours: load, goal: '≤ 1 s' },
      ...Object.entries(lists).map(([query, ours]) => ({
        name: `page: list of ${tasks} tasks with all columns, ${query}: 95th percentile at the server`,
        unit: 'ms',
        ours,
        goal: '≤ 150 ms',
      })),
    ];
  } finally {
    await browser.close();
  }
}
