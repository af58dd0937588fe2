import type { Task } from '../../api/task.js';

/** What the tabs of the task page get. */
export interface TabProps {
  task: Task;
  /** Asks for the task again, after a change of it. */
  reload: () => void;
}
