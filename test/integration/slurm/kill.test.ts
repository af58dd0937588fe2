import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type SlurmAgent, slurmAgent } from '../../support/slurm-agent.js';
import type { SlurmRig } from '../../support/slurm-rig.js';
import { sharedRig, slurmTest } from '../../support/slurm-test.js';
import { until } from '../../support/until.js';

/** The epilog keeps a job in COMPLETING while its node has the file. */
const rig = sharedRig({ nodes: ['n1'], epilog: 'while [ -e "$1/completing" ]; do sleep 0.1; done' });

const LINES = 60;

/** Prints numbered lines, the second half of them once it may. */
function counting(count: string, go: string): string {
  return [
    'import os, time',
    `with open(${JSON.stringify(count)}, "a") as file: file.write("run\\n")`,
    `for i in range(${LINES}):`,
    `    while i == ${LINES / 2} and not os.path.exists(${JSON.stringify(go)}): time.sleep(0.05)`,
    '    print("line", i, flush=True)',
    '',
  ].join('\n');
}

interface Scene {
  cluster: SlurmRig;
  agent: SlurmAgent;
  log(): Promise<string>;
  /** Lets the task end. */
  goOn(): void;
}

interface Case {
  variables?: Record<string, string>;
  /** Before the first daemon starts. */
  first?(scene: Scene): void;
  /** Waits for the step at which the daemon is killed; absent where the daemon is killed by `first`. */
  reached?(scene: Scene): Promise<unknown>;
  /** Once it is dead. */
  afterwards?(scene: Scene): void;
}

const listed = ({ cluster }: Scene) => cluster.slurm('squeue', '-h', '-o', '%i %T').trim();

const CASES: Record<string, Case> = {
  'before sbatch': { first: ({ agent }) => agent.killAtSubmission('before') },
  'between sbatch and the journal': { first: ({ agent }) => agent.killAtSubmission('after') },
  'while the job is pending': {
    variables: { CLEARML_AGENT__AGENT__SLURM__OPTIONS: '["--hold"]' },
    reached: async (scene) => {
      await until(async () => (await scene.log()).includes('JobHeldUser'), { what: 'the pending reason' });
    },
    afterwards: (scene) => scene.cluster.slurm('scontrol', 'release', listed(scene).split(' ', 1)[0] ?? ''),
  },
  'while the job is running': {
    reached: async (scene) => {
      await until(async () => (await scene.log()).includes('line 10'), { what: 'a line' });
    },
  },
  'while the job is completing': {
    first: ({ cluster, goOn }) => {
      writeFileSync(path.join(cluster.folder, 'completing'), '');
      goOn();
    },
    reached: async (scene) => {
      await until(() => listed(scene).includes('COMPLETING'), { what: 'a completing job' });
    },
    afterwards: ({ cluster }) => cluster.slurm('rm', path.join(cluster.folder, 'completing')),
  },
};

for (const [title, { variables = {}, first, reached, afterwards }] of Object.entries(CASES)) {
  slurmTest(`a daemon that is killed ${title} runs the job once, and each line comes once`, async (t) => {
    const cluster = rig.get();
    const agent = await slurmAgent(t, cluster, variables);
    const [count, go] = [path.join(agent.shared, 'count'), path.join(agent.shared, 'go')];
    const goOn = () => writeFileSync(go, '');
    const id = await agent.enqueue({ entry_point: 'main.py', diff: counting(count, go) });
    const scene: Scene = { cluster, agent, goOn, log: () => agent.log(id) };
    first?.(scene);
    const killed = agent.slurmDaemon();
    if (reached !== undefined) {
      await reached(scene).catch((error: unknown) => t.fail(`${error}\n${killed.output()}`));
      killed.kill('SIGKILL');
    }
    t.is((await killed.exited).signal, 'SIGKILL', killed.output());
    afterwards?.(scene);
    const later = agent.slurmDaemon();
    goOn();
    const task = await agent.ended(id);
    const log = await agent.log(id);
    t.is(task.status, 'completed', `${task.status_reason}\n${log}\n${later.output()}`);
    t.is(readFileSync(count, 'utf8'), 'run\n');
    t.deepEqual(
      [...log.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number)),
      Array.from({ length: LINES }, (_, at) => at),
    );
    await until(() => listed(scene) === '', { what: 'the end of all jobs' });
  });
}
