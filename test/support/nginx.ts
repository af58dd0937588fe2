import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { freePorts } from './free-ports.js';
import { temporaryFolder } from './temporary-folder.js';
import { until } from './until.js';

/**
 * Starts nginx with the servers of a test, and ends it with the test.
 *
 * @param servers the `server` blocks, from the port that nginx listens on
 * @returns that port
 */
export async function startNginx(t: ExecutionContext, servers: (port: number) => string): Promise<number> {
  const folder = temporaryFolder(t);
  const [port = 0] = await freePorts(1);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const conf = `daemon off;
master_process off;
pid ${folder}/pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_max_body_size 0;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
${servers(port)}
}
`;
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(file, conf);
  const nginx: ChildProcess = spawn('nginx', ['-c', file, '-p', folder, '-e', `${folder}/error.log`], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  t.teardown(() => void nginx.kill('SIGKILL'));
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      async (answer) => {
        await answer.text();
        return true;
      },
      () => false,
    );
  await until(answers, { what: 'an answer of nginx' });
  return port;
}
