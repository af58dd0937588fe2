import type { BenchServer } from './bench-server.js';

const CLIENTS = 8;

/** Seconds until so many tasks are made by eight clients, each of which waits for its answers. */
export async function measureCreation(server: BenchServer, count: number): Promise<number> {
  let begun = 0;
  const client = async () => {
    while (begun < count) {
      begun += 1;
      await server.call('tasks.create', {
        name: `experiment ${begun}`,
        type: 'training',
        tags: [`tag-${begun % 20}`],
        hyperparams: { Args: { seed: { name: 'seed', section: 'Args', value: String(begun) } } },
      });
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return (performance.now() - start) / 1000;
}
