import type { ServerKey } from '../server-key.js';

/** Watchdog, retention, log. */
export const OPERATION_KEYS = [
  {
    key: 'services.tasks.non_responsive_tasks_watchdog.enabled',
    type: 'boolean',
    fallback: true,
    help: 'Whether the watchdog stops running tasks without a sign of life.',
  },
  {
    key: 'services.tasks.non_responsive_tasks_watchdog.threshold_sec',
    type: 'integer',
    fallback: 7200,
    minimum: 1,
    help: 'Seconds without a sign of life after which a running task is stopped.',
  },
  {
    key: 'services.tasks.non_responsive_tasks_watchdog.watch_interval_sec',
    type: 'integer',
    fallback: 900,
    minimum: 1,
    help: 'Seconds between two looks of the watchdog.',
  },
  {
    key: 'services.retention.logs_days',
    type: 'number',
    minimum: 0,
    otherwise: 'kept',
    help: 'Days after which the log lines of finished tasks are removed.',
    example: '90',
  },
  {
    key: 'services.retention.metrics_days',
    type: 'number',
    minimum: 0,
    otherwise: 'kept',
    help: 'Days after which scalars, plots and images of finished tasks are removed.',
    example: '180',
  },
  {
    key: 'services.retention.tasks_days',
    type: 'number',
    minimum: 0,
    otherwise: 'kept',
    help: 'Days after which finished tasks are removed, with all that belongs to them.',
    example: '365',
  },
  {
    key: 'logging.handlers.text_file.filename',
    type: 'path',
    flag: '--log-file',
    help: 'File of the log, beside standard output.',
    example: '"/var/log/clearml/apiserver.log"',
  },
  {
    key: 'logging.handlers.text_file.maxBytes',
    type: 'integer',
    fallback: 10_240_000,
    minimum: 0,
    help: 'Bytes after which the log file is rotated; 0: never.',
  },
  {
    key: 'logging.handlers.text_file.backupCount',
    type: 'integer',
    fallback: 3,
    minimum: 0,
    help: 'Rotated log files that are kept.',
  },
] as const satisfies readonly ServerKey[];
