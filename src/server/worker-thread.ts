import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * A thread whose program says when it is ready. Loaded by itself: loaders of the program that starts it would make it slow to
 * start.
 *
 * @throws Error when it ends before
 */
export async function startWorker(program: URL): Promise<Worker> {
  const worker = new Worker(program, { execArgv: [] });
  worker.unref();
  // `nextMessage` fails for who waits; without a listener the error would end the server.
  worker.on('error', () => undefined);
  await nextMessage(worker);
  return worker;
}

/** @throws Error when the thread ends, or has ended, before */
export async function nextMessage(worker: Worker): Promise<unknown> {
  if (worker.threadId === -1) throw new Error('the thread has ended');
  const settled = new AbortController();
  const { signal } = settled;
  const ended = once(worker, 'exit', { signal }).then(([code]) => {
    throw new Error(`the thread ended with ${code}`);
  });
  try {
    const [message] = await Promise.race([once(worker, 'message', { signal }), ended]);
    return message;
  } finally {
    settled.abort();
  }
}
