import type { ComponentChildren } from 'preact';
import { reasonOf } from '../api/failure.js';
import { at } from '../base.js';
import { PageHead } from './page-head.js';

/** Nothing to show, why, and what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** What went wrong, where the person looks. */
export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div class="note error" role="alert">
      <span>{reasonOf(error)}</span>
      {onRetry !== undefined && (
        <button type="button" class="button small" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Loading({ label = 'Loading' }: { label?: string }) {
  return (
    <div class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      <span class="visually-hidden">{label}</span>
    </div>
  );
}

export function NotFound() {
  return (
    <>
      <PageHead title="There is no such page" />
      <Empty title="The address leads nowhere.">
        <a href={at('/tasks')}>All tasks</a>
      </Empty>
    </>
  );
}
