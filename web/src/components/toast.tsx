import { signal } from '@preact/signals';
import { reasonOf } from '../api/failure.js';

interface Toast {
  id: number;
  text: string;
  kind: 'done' | 'error';
  undo?: (() => Promise<unknown> | unknown) | undefined;
}

const toasts = signal<readonly Toast[]>([]);
const STAYS_MS = 8000;
/** What can be taken back, or went wrong, is read longer. */
const STAYS_LONGER_MS = 20_000;

/** Says what was done, for some seconds, with a button that takes it back. */
export function toast(text: string, undo?: Toast['undo']): void {
  add({ text, kind: 'done', undo });
}

export function toastError(error: unknown): void {
  add({ text: reasonOf(error), kind: 'error' });
}

/** Does something, and says so or why not. @returns whether it was done */
export async function attempt(
  act: () => Promise<unknown>,
  done?: string,
  undo?: Toast['undo'],
): Promise<boolean> {
  try {
    await act();
  } catch (error) {
    toastError(error);
    return false;
  }
  if (done !== undefined) toast(done, undo);
  return true;
}

function add(one: Omit<Toast, 'id'>): void {
  const id = Math.max(0, ...toasts.value.map((each) => each.id)) + 1;
  toasts.value = [...toasts.value.slice(-3), { ...one, id }];
  const isBrief = one.kind === 'done' && one.undo === undefined;
  setTimeout(() => dismiss(id), isBrief ? STAYS_MS : STAYS_LONGER_MS);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id);
}

export function ToastHost() {
  return (
    <section class="toasts" aria-live="polite" aria-label="Messages">
      {toasts.value.map((one) => (
        <div key={one.id} class={`toast ${one.kind}`}>
          <span>{one.text}</span>
          {one.undo !== undefined && (
            <button
              type="button"
              class="button small"
              onClick={() => {
                dismiss(one.id);
                void attempt(async () => one.undo?.(), 'Undone');
              }}
            >
              Undo
            </button>
          )}
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(one.id)}>
            ×
          </button>
        </div>
      ))}
    </section>
  );
}
