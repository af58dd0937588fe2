import test from 'ava';
import { COMMANDS } from '../../../src/cli/commands.js';

const OF_ALL_RUNS = '-O --git-user --git-pass --log-level --gpus --cpu-only';

/** Every command of the original with its flags. */
const ORIGINAL: Readonly<Record<string, string>> = {
  daemon: `--queue --order-fairness --polling-interval --foreground --detached -d --docker --podman
    --force-current-version --standalone-mode --services-mode --child-report-tags --create-queue --stop
    --dynamic-gpus --uptime --downtime --status --check-bootstrap --use-owner-token ${OF_ALL_RUNS}`,
  execute: `--id --clone --log-file --disable-monitoring --full-monitoring --require-queue --standalone-mode
    --docker ${OF_ALL_RUNS}`,
  build: `--id --target --install-globally --docker --force-docker --python-version --entry-point ${OF_ALL_RUNS}`,
  list: '',
  config: '',
  init: '',
};

for (const [name, flags] of Object.entries(ORIGINAL)) {
  test(`${name} knows every flag of the original`, (t) => {
    const command = COMMANDS.find((one) => one.name === name);
    const known = command?.flags.flatMap((flag) => flag.flags.split(/[ ,]+/)) ?? [];
    t.not(command, undefined);
    t.deepEqual(
      flags.split(/\s+/).filter((flag) => flag !== '' && !known.includes(flag)),
      [],
    );
  });
}
