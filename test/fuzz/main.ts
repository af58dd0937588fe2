import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { keepFinding, seedsOf } from './corpus.js';
import { CurrentText } from './current-text.js';
import { buildModules } from './instrument.js';
import type { LoopMessage, LoopRequest } from './loop.js';
import { FUZZ_TARGETS, SECONDS_A_TEXT } from './targets.js';

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    findings: { type: 'string', default: '10' },
  },
});
const names = values.target ?? Object.keys(FUZZ_TARGETS);
const unknown = names.filter((name) => FUZZ_TARGETS[name] === undefined);
if (unknown.length > 0) {
  console.error(
    `there is no target ${unknown.join(', ')}; there are ${Object.keys(FUZZ_TARGETS).join(', ')}`,
  );
  process.exit(2);
}
const modules = await buildModules();
try {
  let found = 0;
  for (const target of names) found += await fuzz(target);
  process.exitCode = found === 0 ? 0 : 1;
} finally {
  await modules.remove();
}

/** @returns how many findings there were; each is kept in the corpus */
async function fuzz(target: string): Promise<number> {
  const seed = Number(values.seed);
  const current = new CurrentText();
  const request: LoopRequest = {
    memory: current.memory,
    file: modules.targets,
    target,
    seconds: Number(values.seconds),
    seed,
    seeds: seedsOf(target),
    most: Number(values.findings),
  };
  const worker = new Worker(modules.loop, { workerData: request });
  let found = 0;
  const keep = (text: string, why: string): void => {
    found += 1;
    console.log(
      `${target}: finding ${keepFinding(target, text)}\n  ${why.split('\n').slice(0, 6).join('\n  ')}`,
    );
  };
  await new Promise<void>((resolve, reject) => {
    const stopWatching = watchForHang(current, () => {
      keep(current.text, `is not read within ${SECONDS_A_TEXT} s`);
      void worker.terminate();
      resolve();
    });
    worker.on('message', (message: LoopMessage) => {
      if (message.kind === 'finding') keep(message.text, message.stack);
      if (message.kind !== 'end') return;
      stopWatching();
      const { runs, kept, reached } = message;
      console.log(
        `${target}: ${runs} texts, ${kept} of them kept for what they reached (${reached} counters), ${found} findings, seed ${seed}`,
      );
      void worker.terminate();
      resolve();
    });
    worker.once('error', (error) => {
      stopWatching();
      reject(error);
    });
  });
  return found;
}

/** @returns a function that ends the watch */
function watchForHang(current: CurrentText, onHang: () => void): () => void {
  let count = 0;
  let since = Date.now();
  const timer = setInterval(() => {
    if (current.count !== count || count === 0) {
      count = current.count;
      since = Date.now();
    } else if (Date.now() - since > SECONDS_A_TEXT * 1000) {
      clearInterval(timer);
      onHang();
    }
  }, 250);
  return () => clearInterval(timer);
}
