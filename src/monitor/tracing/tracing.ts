import type { Config } from '../../config/config.js';
import { tracingPlan } from './tracing-plan.js';

/** A run of a task, as its trace names it. */
export interface TracedRun {
  task: string;
  worker: string;
  /** Id of the queue. */
  queue: string | undefined;
  /** When the task came into its queue, by the server's clock. */
  queuedAt: string | undefined;
  /** Folder of the run, which keeps the ids of its trace for a later daemon. */
  folder: string;
}

/** The trace of one run: a root span, and a span below it for each phase. */
export interface RunTrace {
  /** The root span in W3C's form, for the environment of the task: `00-<trace>-<span>-01`. */
  readonly traceparent: string;
  /** @param startedAt milliseconds since the epoch */
  phaseEnded(phase: { name: string; startedAt: number; seconds: number; error?: unknown }): void;
  /** Ends the root span. A run that is handed over has none: the later daemon ends it. */
  ended(end: { outcome: string; reason: string; failure: string | undefined }): void;
}

export interface Tracing {
  begin(run: TracedRun): Promise<RunTrace>;
  /** Sends the remaining spans; gives up after a time limit. */
  end(): Promise<void>;
}

export interface TracingParts {
  config: Config;
  warn(text: string): void;
  /** Called with values that must not appear in a log. */
  hide(...secrets: readonly string[]): void;
}

/** Opens the export of traces where the variables of OpenTelemetry ask for it; the libraries load only then. */
export async function openTracing({ config, warn, hide }: TracingParts): Promise<Tracing | undefined> {
  const { protocol, warning, secrets } = tracingPlan(config);
  hide(...secrets);
  if (warning !== undefined) warn(warning);
  if (protocol === undefined) return undefined;
  const { OtlpTracing } = await import('./otlp-tracing.js');
  return OtlpTracing.open(protocol);
}
