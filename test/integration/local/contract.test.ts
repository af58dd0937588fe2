import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { localRef } from '../../../src/drivers/local/local-ref.js';
import { living } from '../../../src/drivers/local/workload-processes.js';
import { type ContractRun, driverContract } from '../../support/driver-contract.js';
import { localDriver, localRun, tempFolder } from '../../support/local-run.js';

async function open(t: ExecutionContext): Promise<ContractRun> {
  const { driver, place, folder, leaves } = await localRun(t);
  const end = new AbortController();
  t.teardown(() => end.abort());
  return {
    driver,
    place,
    request: requestIn(folder),
    leaves,
    later: () => localDriver(end.signal),
  };
}

function requestIn(folder: string): ContractRun['request'] {
  return {
    taskId: 'task',
    runFolder: path.join(folder, 'run'),
    workspace: path.join(folder, 'work'),
    reporter: { line: () => undefined, output: () => undefined },
    signal: new AbortController().signal,
  };
}

driverContract(test, {
  exitMs: 100,
  open,
  small: 'tasks share the memory of the machine',
  slow: 'there is nothing to wait for on this machine',
  // The shell that notes the exit status goes together with the command.
  lose: async ({ place }) => {
    const ref = localRef(place.ref);
    for (const { pid } of ref ? await living({ marker: ref.marker }) : []) process.kill(pid, 'SIGKILL');
  },
  refused: async (t) => {
    const folder = await tempFolder(t);
    writeFileSync(path.join(folder, 'run'), 'a file');
    const driver = localDriver(new AbortController().signal);
    return {
      driver,
      request: requestIn(folder),
      abort: () => undefined,
      cause: /^cannot write \S+run: expected a folder, found a file/,
    };
  },
  left: async (_, place) => {
    const ref = place && localRef(place.ref);
    return ref ? (await living({ marker: ref.marker })).map(({ pid }) => String(pid)) : [];
  },
});
