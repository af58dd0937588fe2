import path from 'node:path';
import { DockerEngine } from '../support/docker-engine.js';
import { makeMachineImage } from '../support/machine-image.js';
import { pythonTool } from '../support/python-tools.js';
import type { Contender } from './contender.js';
import { type EnvironmentFigures, PACKAGES, PROGRAM, timePackages } from './environment-figures.js';
import { openScene } from './scene.js';

/** What an image with Python has of a Debian; its packages are like those of the official images. */
const SYSTEM = ['bash', 'dash', 'coreutils', 'libc-bin', 'findutils', 'python3', 'python3-pip'];

/** Time of tasks with packages in containers of an image that is there. */
export async function measureContainers(
  agent: Contender,
  { folder, rounds }: { folder: string; rounds: number },
): Promise<EnvironmentFigures> {
  const engine = await DockerEngine.start();
  try {
    await makeMachineImage(engine, 'python:bench', { packages: SYSTEM });
    const scene = await openScene(agent, {
      folder,
      configuration: '',
      programs: [path.dirname(await pythonTool('uv'))],
      files: { 'train.py': PROGRAM },
      packages: PACKAGES,
      flags: ['--docker', 'python:bench --network host'],
      variables: { DOCKER_HOST: `unix://${engine.socket}` },
    });
    try {
      return await timePackages(scene, rounds);
    } finally {
      await scene.close();
    }
  } finally {
    await engine.stop();
  }
}
