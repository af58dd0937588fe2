import { controlFolder } from '../../container/layout.js';
import { AgentError } from '../../errors.js';
import { entryExists } from '../../os/files.js';
import type { DriverChoice, DriverHost, DriverModule } from '../module.js';
import { DOCKER, DOCKER_REF_VERSION, dockerRef } from './docker-ref.js';

type EngineName = 'docker' | 'podman';

/** Tasks run in containers of Docker or Podman. */
export const dockerModule: DriverModule = {
  kind: DOCKER,
  refVersion: DOCKER_REF_VERSION,
  where: 'in a container',
  makesImages: true,
  flags: [
    { flags: '--docker [words...]', env: 'CLEARML_DOCKER_IMAGE', greedy: true },
    {
      flags: '--podman [words...]',
      help: 'like --docker, but with Podman; its service is started if it is not running',
      greedy: true,
    },
  ],
  choose,

  async open(host, choice) {
    const { createDockerDriver } = await import('./create-docker-driver.js');
    return createDockerDriver(setupOf(host, choice));
  },

  async preview(host, choice, request) {
    const { previewContainer } = await import('./create-docker-driver.js');
    return previewContainer(setupOf(host, choice), request);
  },

  leftIn: (runFolder) => entryExists(controlFolder(runFolder)),

  check: {
    name: 'containers',
    title: 'Docker/Podman',
    async run({ env }) {
      const { examineEngine } = await import('./examine-engine.js');
      return examineEngine(env);
    },
  },

  async stopped({ env }, choice) {
    const { openStopped } = await import('./containers/stopped-containers.js');
    return openStopped(env, choice && engineOf(choice));
  },

  placeId: (ref) => dockerRef(ref)?.container,
};

/** Both engines with the same words are Podman. */
function choose({ docker, podman }: Readonly<Record<string, unknown>>): DriverChoice | undefined {
  if (docker === undefined && podman === undefined) return undefined;
  const [ofDocker, ofPodman] = [wordsOf(docker), wordsOf(podman)];
  if (ofDocker.length > 0 && ofPodman.length > 0 && ofDocker.join('\0') !== ofPodman.join('\0'))
    throw new AgentError(
      'USAGE',
      `--docker ${ofDocker.join(' ')} and --podman ${ofPodman.join(' ')} contradict`,
      { hint: 'Give the image and its arguments once, after the flag of the engine to use.' },
    );
  const engine: EngineName = podman === undefined ? 'docker' : 'podman';
  return { kind: DOCKER, engine, words: ofPodman.length > 0 ? ofPodman : ofDocker };
}

function wordsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function engineOf(choice: DriverChoice | undefined): EngineName {
  return choice?.engine === 'podman' ? 'podman' : 'docker';
}

function setupOf(host: DriverHost, choice: DriverChoice) {
  return { ...host, engine: engineOf(choice), flag: choice.words };
}
