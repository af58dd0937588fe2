import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Engine } from '../../../src/drivers/docker/engine.js';
import { dockerBench } from '../../support/docker-bench.js';
import { DockerEngine } from '../../support/docker-engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

interface Failure {
  row: string;
  values?: Record<string, string>;
  image?: string;
  args?: string[];
}

const CASES: Failure[] = [
  { row: 'image-not-here', image: 'none:1', args: ['--pull', 'never'], values: { image: 'none:1' } },
  { row: 'registry-unreachable', image: 'nowhere.invalid/x:1', values: { image: 'nowhere.invalid/x:1' } },
  { row: 'image-without-shell', image: 'shellless:1' },
  { row: 'other-processor', image: 'foreign:1' },
  { row: 'name-taken', args: ['--name', 'taken'], values: { name: 'taken' } },
  {
    row: 'mount-source-missing',
    args: ['--mount', 'type=bind,source=/nowhere/at/all,target=/x'],
    values: { path: '/nowhere/at/all' },
  },
];

test('what an engine refuses has one cause line, and leaves no container', async (t) => {
  t.timeout(120_000);
  const engine = await engineWithImages(t);
  const env = { DOCKER_HOST: `unix://${engine.socket}` };
  await engine.docker(['create', '--name', 'taken', 'base:1', 'true']);
  const before = await engine.docker(['ps', '-aq']);
  for (const { row, values, ...options } of CASES) {
    const { driver, request } = await dockerBench(t, { env, ...options });
    const error = await t.throwsAsync(driver.open(request));
    t.regex(error?.message ?? '', troubleshootingLine(row, values));
    t.is(await engine.docker(['ps', '-aq']), before, row);
  }
  const { driver, request } = await dockerBench(t, { env });
  await driver.dispose((await driver.open(request)).ref);
});

test('an engine that is not there is named', async (t) => {
  const values = { address: 'unix:///nowhere.sock' };
  await t.throwsAsync(Engine.connect({ DOCKER_HOST: values.address }), {
    message: troubleshootingLine('no-engine', values),
  });
});

async function engineWithImages(t: ExecutionContext): Promise<DockerEngine> {
  const engine = await DockerEngine.startFor(t);
  await engine.makeBusybox('base:1');
  const root = temporaryFolder(t);
  fs.writeFileSync(path.join(root, 'note'), 'nothing to run here\n');
  await engine.docker(['import', '-', 'shellless:1'], { input: tarOf(root) });
  fs.mkdirSync(path.join(root, 'bin'));
  // Neither a script nor a program of any processor that is known here.
  fs.writeFileSync(path.join(root, 'bin', 'sh'), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 9, 9, 9, 9]), {
    mode: 0o755,
  });
  await engine.docker(['import', '-', 'foreign:1'], { input: tarOf(root) });
  return engine;
}

function tarOf(folder: string): Buffer {
  return execFileSync('tar', ['-C', folder, '-c', '.']);
}
