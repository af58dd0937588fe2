import type { TaskRun } from './task-run.js';

/** Tells the server something while the task is prepared (`TaskRun.notes`). A failure counts where that is waited for. */
export function noteMeanwhile({ notes }: TaskRun, note: Promise<void> | undefined): void {
  if (note === undefined) return;
  note.catch(() => undefined);
  notes.push(note);
}
