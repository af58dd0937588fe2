import test from 'ava';
import { QueuesApi } from '../../../src/api/queues.js';
import { resolveQueues } from '../../../src/daemon/queues/resolve-queues.js';
import { apiClientFor } from '../../support/api-client.js';
import { serverUnderTest } from '../../support/embedded-server.js';

test('daemons that start together with --create-queue make one queue', async (t) => {
  const { server } = await serverUnderTest(t);
  const { client } = apiClientFor(server.url, { credentials: server.credentials });
  const queues = new QueuesApi(client);
  // All look for it before the first has made it.
  const request = { queues: ['shared'], createQueues: true };
  const found = await Promise.all(Array.from({ length: 8 }, () => resolveQueues(queues, request)));
  t.is(new Set(found.flat().map(({ id }) => id)).size, 1);
});
