import type { Config } from '../../config/config.js';

export type ContainerTool = Exclude<Config['agent']['slurm']['container'], 'none'>;

/** A task's container in its job. */
export interface JobContainer {
  tool: ContainerTool;
  /** As the task names it. */
  image: string;
  /** Name of the containers, the key of the run. */
  name: string;
  /** Folder of the job's files, for an image that has to become a file. */
  folder: string;
  /** Folders that the container sees by the same paths. */
  folders: readonly string[];
  /** The job has GPUs. */
  gpus: boolean;
}

export interface InContainer {
  cwd: string;
  argv: readonly string[];
  /** Names of variables that it gets; their values stay out of every command line. */
  names: readonly string[];
}

/** How a tool is called. A tool of srun has options for srun in place of words before the command. */
interface Calls {
  /** Fetches the image before anything runs in it; `undefined` where the first run does. */
  fetch(container: JobContainer): string[] | undefined;
  /** Runs a command in the image. */
  run(container: JobContainer, command: InContainer): string[];
  /** Removes what a run that was killed leaves. */
  clear(container: JobContainer): string[] | undefined;
}

const nothing = () => undefined;
const same = (folder: string) => `${folder}:${folder}`;

/** Apptainer and Singularity pass variables on by themselves and end with their parent. */
function apptainer(program: string): Calls {
  return {
    fetch: nothing,
    clear: nothing,
    run: ({ image, folders, gpus }, { cwd, argv }) => [
      program,
      '--quiet',
      'exec',
      ...(gpus ? ['--nv'] : []),
      ...folders.map((folder) => `--bind=${same(folder)}`),
      `--pwd=${cwd}`,
      /^\/|:\/\//.test(image) ? image : `docker://${image}`,
      ...argv,
    ],
  };
}

/** enroot and pyxis put # between a registry and the rest. */
function enrootImage(image: string): string {
  const [first = '', ...rest] = image.split('/');
  return rest.length > 0 && /[.:]/.test(first) ? `${first}#${rest.join('/')}` : image;
}

const squashFile = ({ folder, image }: JobContainer) =>
  image.startsWith('/') ? image : `${folder}/image.sqsh`;

/** Slurm sets them in the job. */
const OF_THE_JOB = ['CUDA_VISIBLE_DEVICES', 'ROCR_VISIBLE_DEVICES'];

const CALLS: Readonly<Record<ContainerTool, Calls>> = {
  podman: {
    fetch: ({ image }) => [
      '/bin/sh',
      '-c',
      'podman image exists "$1" || exec podman pull --quiet "$1"',
      'sh',
      image,
    ],
    run: ({ image, name, folders, gpus }, { cwd, argv, names }) => [
      'podman',
      'run',
      '--rm',
      `--label=clearml-agent=${name}`,
      '--network=host',
      '--log-driver=none',
      '--pull=never',
      ...(gpus ? ['--device=nvidia.com/gpu=all'] : []),
      ...folders.map((folder) => `--volume=${same(folder)}`),
      `--workdir=${cwd}`,
      '--entrypoint=',
      ...[...names, ...OF_THE_JOB, 'SLURM_*'].map((variable) => `--env=${variable}`),
      image,
      ...argv,
    ],
    clear: ({ name }) => [
      '/bin/sh',
      '-c',
      'podman ps --all --quiet --filter "label=clearml-agent=$1" | xargs -r podman rm --force --time 0',
      'sh',
      name,
    ],
  },
  apptainer: apptainer('apptainer'),
  singularity: apptainer('singularity'),
  enroot: {
    fetch: (container) =>
      container.image.startsWith('/')
        ? undefined
        : [
            'enroot',
            'import',
            `--output=${squashFile(container)}`,
            `docker://${enrootImage(container.image)}`,
          ],
    clear: nothing,
    run: (container, { cwd, argv, names }) => [
      'enroot',
      'start',
      '--rw',
      ...container.folders.map((folder) => `--mount=${same(folder)}`),
      ...[...names, ...OF_THE_JOB, 'SLURM_JOB_ID'].map((variable) => `--env=${variable}`),
      squashFile(container),
      'sh',
      '-c',
      'cd -- "$1" && shift && exec "$@"',
      'sh',
      cwd,
      ...argv,
    ],
  },
  pyxis: {
    fetch: nothing,
    clear: nothing,
    run: ({ image, folders }, { cwd, argv }) => [
      'srun',
      '--overlap',
      '--nodes=1',
      '--ntasks=1',
      `--container-image=${enrootImage(image)}`,
      `--container-mounts=${folders.map(same).join(',')}`,
      `--container-workdir=${cwd}`,
      '--',
      ...argv,
    ],
  },
};

export function fetchWords(container: JobContainer): string[] | undefined {
  return CALLS[container.tool].fetch(container);
}

export function runWords(container: JobContainer, command: InContainer): string[] {
  return CALLS[container.tool].run(container, command);
}

export function clearWords(container: JobContainer): string[] | undefined {
  return CALLS[container.tool].clear(container);
}

/** What belongs to the node: the image has its own. */
const OF_THE_NODE =
  /^(?:HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|LD_LIBRARY_PATH|LD_PRELOAD|XDG_\w+|SSH_\w+|DBUS_\w+|SLURM_CONF)$/;

/** The variables that a container gets, of those that the command has. */
export function passedNames(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(env).filter((name) => env[name] !== undefined && !OF_THE_NODE.test(name));
}
