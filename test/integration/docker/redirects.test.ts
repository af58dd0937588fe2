import http from 'node:http';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Engine } from '../../../src/drivers/docker/engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** Listens on a socket; ends with the test. */
async function listen(t: ExecutionContext, answer: http.RequestListener): Promise<string> {
  const socket = path.join(temporaryFolder(t), 'sock');
  const server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.teardown(() => server.close());
  return socket;
}

for (const location of ['http://127.0.0.1:1/x', '/elsewhere', 'unix:///x', 'ftp://h/x', '//h/x', '%']) {
  test(`a redirect to ${location} is an error and not followed`, async (t) => {
    const asked: string[] = [];
    const socket = await listen(t, (request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/version') {
        response.end(JSON.stringify({ ApiVersion: '1.41', Version: '20.10.0', Arch: 'amd64' }));
        return;
      }
      response.writeHead(301, { location }).end();
    });
    const engine = await Engine.connect({ DOCKER_HOST: `unix://${socket}` });
    const message = new RegExp(`unix://${socket} redirects the call \\(status 301\\), as no engine does$`);
    await t.throwsAsync(engine.hasImage('a:1'), { code: 'DOCKER_ENGINE', message });
    await t.throwsAsync(engine.create({ HostConfig: {} }), { code: 'DOCKER_ENGINE', message });
    t.deepEqual(asked, ['/version', '/images/a:1/json', '/containers/create?']);
  });
}
