import { controlFolder } from '../../../container/layout.js';
import type { PlaceRequest } from '../../driver.js';
import type { ContainerPlan } from '../containers/container-plan.js';
import type { Engine } from '../engine.js';
import { MountedFiles } from './mounted-files.js';
import type { RunFiles } from './run-files.js';
import { engineSharesFiles } from './shared-files.js';

export interface FileSharingOptions {
  engine: Engine;
  /** How the engine sees a path of the agent; the same unless the agent is in a container itself. */
  engineSees?(file: string): string | undefined;
  /** How containers get at the files of a run; found out by trying when it is not said. */
  files?: 'mounted' | 'uploaded';
  /** Environment for the agent's own tools. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** How the containers of an engine get at the files of this agent. */
export class FileSharing {
  readonly #options: FileSharingOptions;
  /** Whether the engine sees the agent's files, once it has been asked. */
  #shared: Promise<boolean> | undefined;

  constructor(options: FileSharingOptions) {
    this.#options = options;
  }

  /** How the engine sees a path of the agent; `undefined` for one that it does not see. */
  sees(file: string): string | undefined {
    const { engineSees } = this.#options;
    return engineSees === undefined ? file : engineSees(file);
  }

  async filesOf(plan: ContainerPlan, request: PlaceRequest): Promise<RunFiles> {
    const { engine, environment } = this.#options;
    const { workspace, runFolder, reporter } = request;
    const folders = { workspace, runFolder };
    if (await this.#sharesFiles(plan, runFolder))
      return new MountedFiles({
        engine,
        folders,
        engineSees: (file) => this.sees(file) ?? file,
        environment,
      });
    reporter.line(
      `the engine at ${engine.address} does not see the files of this agent: they are uploaded`,
      'INFO',
    );
    const { UploadedFiles } = await import('./uploaded-files.js');
    return new UploadedFiles({ engine, folders, own: plan.own ?? [] });
  }

  /** Asked once; an engine does not come to see other files. */
  async #sharesFiles({ request: { Image, platform } }: ContainerPlan, runFolder: string): Promise<boolean> {
    const { engine, files } = this.#options;
    if (files !== undefined) return files === 'mounted';
    const image = { ...(Image === undefined ? {} : { Image }), ...(platform ? { platform } : {}) };
    const engineSees = (file: string) => this.sees(file);
    this.#shared ??= engineSharesFiles(engine, { folder: controlFolder(runFolder), engineSees, image });
    try {
      return await this.#shared;
    } catch (error) {
      this.#shared = undefined;
      throw error;
    }
  }
}
