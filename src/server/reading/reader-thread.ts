import { parentPort, workerData } from 'node:worker_threads';
import { causeLine } from '../../errors.js';
import { ApiError } from '../api-error.js';
import { ServerConfig } from '../config/server-config.js';
import { documentTables, type ServerContext } from '../context.js';
import { type Call, Download } from '../endpoint.js';
import { ENDPOINTS } from '../endpoints.js';
import { logPortion } from '../events/log/log-download.js';
import { Backtracking } from '../query/patterns/backtracking.js';
import { Patterns, UnsettledPatterns } from '../query/patterns/patterns.js';
import { Scrolls } from '../query/scrolls.js';
import { Database } from '../storage/database.js';
import type { CallJob, ReaderData, ReaderMessage, ReadJob, ReadOutcome } from './jobs.js';

/** The program of the thread that reads beside the server. */
const { file, company, owner } = workerData as ReaderData;
const database = await Database.openReader(file);
const backtracking = new Backtracking();
// Handlers of the jobs use no more than this of the context.
const server = {
  database,
  company,
  owner,
  config: new ServerConfig(),
  scrolls: new Scrolls(),
  backtracking,
  ...documentTables(database),
} as unknown as ServerContext;

parentPort?.on('message', async ({ id, job }: ReaderMessage) => {
  if (job.kind === 'end') {
    await backtracking.close();
    database.closeReader();
    parentPort?.close();
    return;
  }
  const outcome = await outcomeOf(job);
  const moved = 'portion' in outcome ? [outcome.portion.text.buffer as ArrayBuffer] : [];
  parentPort?.postMessage({ id, ...outcome }, moved);
});
parentPort?.postMessage('ready');

async function outcomeOf(job: ReadJob): Promise<ReadOutcome> {
  try {
    if (job.kind === 'call') return { json: await answerOf(job) };
    if (job.kind === 'checkpoint') {
      database.checkpoint();
      return { done: true };
    }
    return { portion: database.read(() => logPortion(database, job.request)) };
  } catch (error) {
    if (!(error instanceof ApiError)) return { failure: causeLine(error) };
    const { status, subcode, data, message } = error;
    return { refusal: { status, subcode, data, message } };
  }
}

async function answerOf({ endpoint: name, now, ...rest }: CallJob): Promise<string> {
  const endpoint = ENDPOINTS[name];
  if (endpoint === undefined) throw new Error(`no endpoint ${name}`);
  const call: Call = { ...rest, server: { ...server, now: () => now, patterns: new Patterns(backtracking) } };
  for (;;) {
    try {
      const data = database.read(() => endpoint.handler(call as Call<never>));
      if (data instanceof Download) throw new Error(`${name} is a download`);
      return JSON.stringify(data);
    } catch (error) {
      if (!(error instanceof UnsettledPatterns)) throw error;
      await call.server.patterns.settle();
    }
  }
}
