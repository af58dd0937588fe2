import { createServer } from 'node:net';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { RUNS_FOLDER_LABEL } from '../../../src/drivers/docker/containers/container-plan.js';
import { type DockerBench, type DockerBenchOptions, dockerBench } from '../../support/docker-bench.js';
import { type DockerEngine, sharedEngine } from '../../support/docker-engine.js';
import { type ContractRun, driverContract } from '../../support/driver-contract.js';

/** Docker, or Podman by `AGENT_TEST_ENGINE`. */
const engineFor = sharedEngine(test, (engine) => engine.makeBusybox('base:1'), 240_000);

type Options = Omit<DockerBenchOptions, 'env'>;

let engine: DockerEngine;

async function bench(t: ExecutionContext, options: Options = {}): Promise<DockerBench> {
  engine = await engineFor(t);
  return dockerBench(t, { ...options, env: { DOCKER_HOST: `unix://${engine.socket}` } });
}

async function open(t: ExecutionContext, options: Options = {}): Promise<ContractRun> {
  const { driver, request, leaves } = await bench(t, options);
  const later = async () => (await bench(t, options)).driver;
  const last = await later();
  const place = await driver.open(request);
  t.teardown(() => last.dispose(place.ref));
  return { driver, place, request, leaves, later };
}

/** A bench whose request can be aborted. */
async function unopened(t: ExecutionContext, options: Options) {
  const abort = new AbortController();
  const { driver, request } = await bench(t, options);
  return { driver, request: { ...request, signal: abort.signal }, abort: () => abort.abort() };
}

/** A registry that takes connections and never answers. */
async function silentRegistry(t: ExecutionContext): Promise<string> {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

driverContract(test.serial, {
  exitMs: 100,
  open,
  small: (t) => open(t, { args: ['--memory', '64m', '--memory-swap', '64m'] }),
  lose: (_, { ref }) => engine.docker(['rm', '--force', String(ref.container)]),
  // The engine ends the command before it removes the container.
  lost: ['lost', 'signalled'],
  slow: async (t) => unopened(t, { image: `${await silentRegistry(t)}/slow:1` }),
  refused: async (t) => ({
    ...(await unopened(t, { image: 'nowhere.invalid/none:1', args: ['--pull', 'never'] })),
    cause: /^image nowhere\.invalid\/none:1 is not on this machine/,
  }),
  left: async ({ runFolder }) => {
    const filter = `label=${RUNS_FOLDER_LABEL}=${path.dirname(runFolder)}`;
    return (await engine.docker(['ps', '--all', '--quiet', '--filter', filter])).split('\n').filter(Boolean);
  },
  onlyCodes: true,
  killFirstProcess: (workload) => engine.docker(['kill', '--signal', 'KILL', String(workload.ref.container)]),
});
