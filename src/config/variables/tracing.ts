import type { Variable } from './variable.js';

/** The standard variables of OpenTelemetry that the agent itself looks at; its libraries read more. */
export const TRACING_VARIABLES = [
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    type: 'text',
    otherwise: 'no traces are exported',
    help: 'Base address of a collector (OTLP over HTTP): export a trace of each run of a task to <address>/v1/traces.',
    consumedBy: 'monitor',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    type: 'text',
    help: 'Whole address that traces are exported to.',
    consumedBy: 'monitor',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    type: 'text',
    otherwise: 'http/protobuf',
    help: 'Encoding of traces: http/protobuf or http/json.',
    consumedBy: 'monitor',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
    type: 'text',
    help: 'The same for traces alone.',
    consumedBy: 'monitor',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    type: 'text',
    secret: true,
    help: 'Headers of the export, such as a login: name=value,name=value.',
    consumedBy: 'monitor',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
    type: 'text',
    secret: true,
    help: 'The same for traces alone.',
    consumedBy: 'monitor',
  },
  {
    name: 'OTEL_TRACES_EXPORTER',
    type: 'text',
    otherwise: 'otlp',
    help: 'Exporter of traces: otlp, or none to export none.',
    consumedBy: 'monitor',
  },
  {
    name: 'OTEL_SDK_DISABLED',
    type: 'boolean',
    help: 'Export no traces.',
    consumedBy: 'monitor',
  },
] as const satisfies readonly Variable[];
