import { programText } from '../../os/program-file.js';

/** What the runner of an image is to do; it reads this beside itself. */
export interface RunnerPlan {
  /** Id of the task. */
  task: string;
  /** Run a copy of the task, created at each start, instead of the task itself. */
  clone: boolean;
  argv: readonly string[];
  cwd: string;
  /** Laid over the environment of the container. */
  env: Readonly<Record<string, string>>;
}

export const RUNNER_FILE = 'run-task.py';
export const PLAN_FILE = 'run-task.json';

/** The program that runs a task inside its image, where no agent is. */
export function runnerText(): string {
  return programText(RUNNER_FILE, import.meta.url);
}
