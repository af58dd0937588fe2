/**
 * What an agent that is not root does with a container whose user is: it makes an environment, keeps it, and
 * clears up. Words: the engine's socket, a folder of the user's own, the image.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { containerTask } from './container-task.js';

const [socket = '', root = '', image = ''] = process.argv.slice(2);
const results: unknown[] = [process.getuid?.()];
for (const _ of ['first', 'second']) {
  const task = await containerTask(
    { teardown: () => undefined },
    { socket },
    { image, root, args: ['--network', 'none'] },
  );
  const { cacheHit, python } = await task.environment();
  results.push(cacheHit);
  await task.place.exec({ argv: [python[0], '-c', 'open("/.clearml.workspace/of-root", "w")'] });
  await task.driver.dispose(task.place.ref);
  rmSync(path.join(String(task.place.ref.runFolder)), { recursive: true });
}
process.stdout.write(JSON.stringify(results));
