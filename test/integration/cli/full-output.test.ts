import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { execa } from 'execa';
import { startServer } from '../../../src/server/server.js';
import { AGENT_SCRIPT, agentHome } from '../../support/agent-process.js';
import { fillDisk, onSmallDisk, smallDisk } from '../../support/small-disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

/** Every write to it fails as on a full disk. */
const FULL = '/dev/full';
const CAUSE = 'clearml_agent: ERROR: cannot write standard output: no space left on the disk';

for (const words of [['--help'], ['config'], ['cache', 'list']]) {
  test(`agent ${words.join(' ')} > ${FULL}: one cause line and status 1`, async (t) => {
    const { env } = await agentHome();
    const { status, stderr } = await startInto(FULL, words, env).ended;
    t.is(status, 1, stderr);
    const [first, second, ...more] = stderr.trimEnd().split('\n');
    t.is(first, CAUSE);
    t.regex(second ?? '', /^ {2}\S/);
    t.deepEqual(more, []);
  });
}

onSmallDisk(
  'a daemon whose log is on a full disk keeps running, and logs again once there is space',
  async (t) => {
    const home = await agentHome();
    const server = await startServer({ folder: temporaryFolder(t), port: 0 });
    t.teardown(() => server.close());
    const env = {
      ...home.env,
      CLEARML_API_HOST: server.url,
      CLEARML_API_ACCESS_KEY: server.credentials.accessKey,
      CLEARML_API_SECRET_KEY: server.credentials.secretKey,
    };
    const disk = smallDisk(t, 1);
    const log = path.join(disk, 'log');
    writeFileSync(log, '');
    const ballast = fillDisk(disk);
    const daemon = startInto(log, ['daemon', '--queue', 'default'], env);
    t.teardown(() => daemon.child.kill('SIGKILL'));
    const agent = (...words: string[]) => execa(AGENT_SCRIPT, words, { env, extendEnv: false });
    await until(async () => (await agent('list')).stdout.includes('default'), {
      what: 'the worker in the list of the server',
    });
    await agent('pause');
    t.is(readFileSync(log, 'utf8'), '');
    rmSync(ballast);
    await agent('resume');
    await until(() => readFileSync(log, 'utf8').includes('the pause is over'), { what: 'a line of the log' });
    daemon.child.kill('SIGTERM');
    const { status, stderr } = await daemon.ended;
    t.is(status, 1);
    t.is(stderr.split('\n')[0], CAUSE);
  },
);

function startInto(file: string, words: string[], env: NodeJS.ProcessEnv) {
  const output = openSync(file, 'a');
  const child = spawn(process.execPath, [AGENT_SCRIPT, ...words], { env, stdio: ['ignore', output, 'pipe'] });
  closeSync(output);
  const ended = Promise.all([once(child, 'exit'), text(child.stderr ?? Readable.from([]))]);
  return { child, ended: ended.then(([[status], stderr]) => ({ status, stderr })) };
}
