import test from 'ava';
import {
  type ContainerTool,
  clearWords,
  fetchWords,
  type JobContainer,
  passedNames,
  runWords,
} from '../../../../src/drivers/slurm/job-container.js';

const container = (tool: ContainerTool, more: Partial<JobContainer> = {}): JobContainer => ({
  tool,
  image: 'registry.example:5000/team/train:1',
  name: 'clearml-t-1',
  folder: '/shared/jobs/clearml-t-1',
  folders: ['/shared', '/venvs'],
  gpus: true,
  ...more,
});
const COMMAND = {
  cwd: '/shared/code',
  argv: ['python3', '-u', 'a b.py'],
  names: ['PATH', 'CLEARML_API_SECRET_KEY'],
};

interface Words {
  fetch?: string[];
  run: string[];
}

const APPTAINER = [
  '--quiet',
  'exec',
  '--nv',
  '--bind=/shared:/shared',
  '--bind=/venvs:/venvs',
  '--pwd=/shared/code',
  'docker://registry.example:5000/team/train:1',
];
const WORDS: Record<ContainerTool, Words> = {
  podman: {
    fetch: [
      '/bin/sh',
      '-c',
      'podman image exists "$1" || exec podman pull --quiet "$1"',
      'sh',
      'registry.example:5000/team/train:1',
    ],
    run: [
      'podman',
      'run',
      '--rm',
      '--label=clearml-agent=clearml-t-1',
      '--network=host',
      '--log-driver=none',
      '--pull=never',
      '--device=nvidia.com/gpu=all',
      '--volume=/shared:/shared',
      '--volume=/venvs:/venvs',
      '--workdir=/shared/code',
      '--entrypoint=',
      '--env=PATH',
      '--env=CLEARML_API_SECRET_KEY',
      '--env=CUDA_VISIBLE_DEVICES',
      '--env=ROCR_VISIBLE_DEVICES',
      '--env=SLURM_*',
      'registry.example:5000/team/train:1',
    ],
  },
  apptainer: { run: ['apptainer', ...APPTAINER] },
  singularity: { run: ['singularity', ...APPTAINER] },
  enroot: {
    fetch: [
      'enroot',
      'import',
      '--output=/shared/jobs/clearml-t-1/image.sqsh',
      'docker://registry.example:5000#team/train:1',
    ],
    run: [
      'enroot',
      'start',
      '--rw',
      '--mount=/shared:/shared',
      '--mount=/venvs:/venvs',
      '--env=PATH',
      '--env=CLEARML_API_SECRET_KEY',
      '--env=CUDA_VISIBLE_DEVICES',
      '--env=ROCR_VISIBLE_DEVICES',
      '--env=SLURM_JOB_ID',
      '/shared/jobs/clearml-t-1/image.sqsh',
      'sh',
      '-c',
      'cd -- "$1" && shift && exec "$@"',
      'sh',
      '/shared/code',
    ],
  },
  pyxis: {
    run: [
      'srun',
      '--overlap',
      '--nodes=1',
      '--ntasks=1',
      '--container-image=registry.example:5000#team/train:1',
      '--container-mounts=/shared:/shared,/venvs:/venvs',
      '--container-workdir=/shared/code',
      '--',
    ],
  },
};

for (const [tool, { fetch, run }] of Object.entries(WORDS) as [ContainerTool, Words][]) {
  test(`${tool}: the image and the command as words, and no value of a variable among them`, (t) => {
    t.deepEqual(fetchWords(container(tool)), fetch);
    t.deepEqual(runWords(container(tool), COMMAND), [...run, ...COMMAND.argv]);
  });
}

test('a job without GPUs gives its container none', (t) => {
  const words = ['podman', 'apptainer'].flatMap((tool) =>
    runWords(container(tool as ContainerTool, { gpus: false }), COMMAND),
  );
  t.false(words.includes('--nv') || words.some((word) => word.startsWith('--device')));
});

test('an image that is a file needs no fetch and no address', (t) => {
  const file = { image: '/images/train.sqsh' };
  t.is(fetchWords(container('enroot', file)), undefined);
  t.true(runWords(container('enroot', file), COMMAND).includes('/images/train.sqsh'));
  t.true(
    runWords(container('apptainer', { image: '/images/train.sif' }), COMMAND).includes('/images/train.sif'),
  );
});

test('what Podman leaves of a run that was killed is removed by its label', (t) => {
  t.deepEqual(clearWords(container('podman'))?.slice(-1), ['clearml-t-1']);
  t.is(clearWords(container('apptainer')), undefined);
});

test('the image keeps its own home and libraries', (t) => {
  t.deepEqual(
    passedNames({ PATH: '/bin', HOME: '/h', LD_LIBRARY_PATH: '/l', CLEARML_TASK_ID: 't', GONE: undefined }),
    ['PATH', 'CLEARML_TASK_ID'],
  );
});
