/** How each status is shown: its colour by a class, its name for people. */
const NAMES: Readonly<Record<string, string>> = {
  created: 'Draft',
  queued: 'Queued',
  in_progress: 'Running',
  stopped: 'Aborted',
  closed: 'Closed',
  completed: 'Completed',
  failed: 'Failed',
  publishing: 'Publishing',
  published: 'Published',
};

export const STATUSES: readonly (readonly [string, string])[] = Object.entries(NAMES);

/** What people call a status of the API. */
export function statusName(status: string): string {
  return NAMES[status] ?? status;
}

export function StatusBadge({ status }: { status: string }) {
  return (
    <span class={`badge status-${status}`}>
      <span class="badge-dot" aria-hidden="true" />
      {statusName(status)}
    </span>
  );
}
