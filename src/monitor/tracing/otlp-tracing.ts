import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type IdGenerator,
  RandomIdGenerator,
} from '@opentelemetry/sdk-trace-base';
import { causeLine } from '../../errors.js';
import { type TraceIds, traceIds } from './trace-ids.js';
import type { RunTrace, TracedRun, Tracing } from './tracing.js';
import type { OtlpProtocol } from './tracing-plan.js';

/** The end of the agent waits this long for a collector that is slow or away. */
const LAST_EXPORT_MS = 3000;

/** Exports a trace of each run. A collector that is away costs spans and nothing else. */
export class OtlpTracing implements Tracing {
  readonly #provider: BasicTracerProvider;
  readonly #ids: RunIds;

  private constructor(provider: BasicTracerProvider, ids: RunIds) {
    this.#provider = provider;
    this.#ids = ids;
  }

  /** The exporter reads endpoint, headers, certificates and time limits from the standard variables itself. */
  static async open(protocol: OtlpProtocol): Promise<OtlpTracing> {
    const { OTLPTraceExporter } =
      protocol === 'http/json'
        ? await import('@opentelemetry/exporter-trace-otlp-http')
        : await import('@opentelemetry/exporter-trace-otlp-proto');
    const ids = new RunIds();
    const named = detectResources({ detectors: [envDetector] });
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'clearml-agent' }).merge(named),
      idGenerator: ids,
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
    });
    return new OtlpTracing(provider, ids);
  }

  async begin(run: TracedRun): Promise<RunTrace> {
    const ids = await traceIds(run.folder);
    const tracer = this.#provider.getTracer('clearml-agent');
    const root = this.#ids.with(ids, () =>
      tracer.startSpan('task', {
        root: true,
        startTime: ids.startedAt,
        attributes: {
          'clearml.task.id': run.task,
          'clearml.worker.id': run.worker,
          ...(run.queue === undefined ? {} : { 'clearml.queue.id': run.queue }),
          ...(run.queuedAt === undefined ? {} : { 'clearml.task.queued_at': run.queuedAt }),
        },
      }),
    );
    return new OtlpRunTrace(tracer, root);
  }

  async end(): Promise<void> {
    const over = new AbortController();
    const late = sleep(LAST_EXPORT_MS, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([late, this.#provider.shutdown().catch(() => undefined)]);
    over.abort();
  }
}

class OtlpRunTrace implements RunTrace {
  readonly #tracer: Tracer;
  readonly #root: Span;

  constructor(tracer: Tracer, root: Span) {
    this.#tracer = tracer;
    this.#root = root;
  }

  get traceparent(): string {
    const { traceId, spanId, traceFlags } = this.#root.spanContext();
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  }

  phaseEnded(phase: { name: string; startedAt: number; seconds: number; error?: unknown }): void {
    const { name, startedAt, seconds, error } = phase;
    const parent = trace.setSpan(ROOT_CONTEXT, this.#root);
    const span = this.#tracer.startSpan(name, { startTime: startedAt }, parent);
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: causeLine(error) });
    span.end(startedAt + 1000 * seconds);
  }

  ended({
    outcome,
    reason,
    failure,
  }: {
    outcome: string;
    reason: string;
    failure: string | undefined;
  }): void {
    const failed = failure === undefined ? {} : { 'clearml.task.failure_class': failure };
    this.#root.setAttributes({ 'clearml.task.outcome': outcome, ...failed });
    if (failure !== undefined) this.#root.setStatus({ code: SpanStatusCode.ERROR, message: reason });
    this.#root.end();
  }
}

/** Random ids, but for the root span of a run, which has those of the run. */
class RunIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #next: TraceIds | undefined;

  with<T>(ids: TraceIds, start: () => T): T {
    this.#next = ids;
    try {
      return start();
    } finally {
      this.#next = undefined;
    }
  }

  generateTraceId(): string {
    return this.#next?.trace ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#next?.root ?? this.#random.generateSpanId();
  }
}
