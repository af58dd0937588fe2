import { parentPort } from 'node:worker_threads';

// Matches texts with the engine of JavaScript, which may take for ever: whoever asks ends this thread then.
parentPort?.on('message', ({ id, source, flags, texts }) => {
  try {
    const expression = new RegExp(source, flags);
    parentPort?.postMessage({ id, matches: texts.map((text) => expression.test(text)) });
  } catch (error) {
    parentPort?.postMessage({ id, failure: error instanceof Error ? error.message : String(error) });
  }
});
parentPort?.postMessage({ id: 0 });
