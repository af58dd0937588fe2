import { rootlessPodman } from '../../support/rootless-podman.js';
import { slurmAgent } from '../../support/slurm-agent.js';
import { podmanTest, sharedRig } from '../../support/slurm-test.js';
import { until } from '../../support/until.js';

const rig = sharedRig({ nodes: ['n1'] });
const IMAGE = 'localhost/machine:1';
const DAEMON = ['--queue', 'default', '--foreground', '--slurm'];

podmanTest(
  'a task of a user runs in its image by rootless Podman, prepared there, and nothing is left',
  async (t) => {
    const cluster = rig.get();
    const agent = await slurmAgent(t, cluster, {
      CLEARML_AGENT__AGENT__SLURM__CONTAINER: 'podman',
      CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '',
      CLEARML_AGENT_VENV_CACHE_PATH: '',
    });
    const user = await rootlessPodman(t, agent, IMAGE);
    const enqueue = async (text: string) => {
      const { id } = await agent.call<{ id: string }>('tasks.create', {
        name: 'a task in an image',
        type: 'training',
        script: { binary: 'python3', working_dir: '.', entry_point: 'main.py', diff: text },
        container: { image: IMAGE },
      });
      await agent.call('tasks.enqueue', { task: id, queue: agent.queue });
      return id;
    };
    const id = await enqueue(
      'import os, sys\nprint("in", os.environ["IN_IMAGE"], os.environ["SLURM_JOB_ID"], sys.prefix)\nsys.exit(5)\n',
    );
    const daemon = user.daemon(...DAEMON);
    const task = await agent.ended(id, 120_000);
    const log = await agent.log(id);
    t.like(
      task,
      { status: 'failed', status_reason: 'worker execution exit code 5' },
      `${log}${daemon.text()}`,
    );
    const job = /Slurm job (\d+) runs on n1; the task is prepared in it/.exec(log)?.[1];
    t.regex(log, new RegExp(`^in yes ${job} .*venvs-builds`, 'm'));

    const endless = await enqueue('import time\nprint("ready", flush=True)\ntime.sleep(600)\n');
    await until(async () => (await agent.log(endless)).includes('ready'), {
      what: 'the second task',
      timeoutMs: 90_000,
      context: daemon.text,
    });
    t.regex(user.podman('ps', '--format', '{{.Image}}'), /machine:1/);
    await agent.call('tasks.stop', { task: endless });
    t.is((await agent.ended(endless)).status, 'stopped');
    await until(() => cluster.jobs().length === 0, { what: 'the end of the job' });
    t.is(user.podman('ps', '--all', '--quiet'), '');
  },
);
