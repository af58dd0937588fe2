import type { Browser, Request } from 'playwright-core';
import { percentile } from '../measure.js';
import type { BenchServer } from './bench-server.js';
import { loggedIn } from './page-figures.js';

/** Parts of the address of the list; `fill-tasks.mjs` has the values. */
const ADDRESSES: Readonly<Record<string, string>> = {
  'as it opens': '',
  'by name': 'sort=name',
  'by status': 'sort=-status',
  'by user': 'sort=user',
  'by start': 'sort=-started',
  'by iteration': 'sort=-last_iteration',
  'by a hyper-parameter': 'sort=-hyperparams.Args.seed.value',
  'by a hyper-parameter with a dot': 'sort=hyperparams.Args.learning.rate.value',
  'of a status': 'status=failed',
  'of a tag': 'tag=tag-7',
  'of a user by name': 'user=user-3&sort=name',
  'with a text': 'q=bert',
  'with a text of one task, by name': 'q=experiment 4711 &sort=name',
  'with a text that none has': 'q=nothing like this',
  archived: 'archive=1',
  'page 500': 'page=500',
};

/** Milliseconds at the 95th percentile of the calls that the page sends for each address, both of them together. */
export async function measurePageLists(
  browser: Browser,
  server: BenchServer,
  turns: number,
): Promise<Record<string, number>> {
  const columns = await allColumns(server);
  const context = await loggedIn(browser, server);
  const page = await context.newPage();
  const figures: Record<string, number> = {};
  for (const [title, query] of Object.entries(ADDRESSES)) {
    const address = new URL(`${server.webUrl}/tasks?${query}`);
    address.searchParams.set('columns', columns.map(encodeURIComponent).join(','));
    const sent: unknown[] = [];
    const note = (request: Request) => {
      if (request.url().endsWith('/api/tasks.get_all_ex')) sent.push(request.postDataJSON());
    };
    page.on('request', note);
    await page.goto(address.href);
    await page.getByRole('table', { name: 'Tasks' }).waitFor();
    page.off('request', note);
    figures[title] = await together(server, sent, turns);
  }
  await context.close();
  return figures;
}

async function together(server: BenchServer, bodies: readonly unknown[], turns: number): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const start = performance.now();
    await Promise.all(bodies.map((body) => server.call('tasks.get_all_ex', body)));
    times.push(performance.now() - start);
  }
  return percentile(times, 0.95);
}

/** As the page has them in its address. */
async function allColumns(server: BenchServer): Promise<string[]> {
  const { parameters } = await server.call<{ parameters: { section: string; name: string }[] }>(
    'projects.get_hyper_parameters',
  );
  return parameters.map(({ section, name }) => ['p', section, name].join('\u001f'));
}
