import type { Config } from '../../config/config.js';

export type OtlpProtocol = 'http/protobuf' | 'http/json';

export interface TracingPlan {
  /** How traces are encoded; `undefined`: none are exported. */
  protocol?: OtlpProtocol;
  /** Why traces are not exported although variables ask for them. */
  warning?: string;
  /** Values of headers, which must not show up in a log. */
  secrets: readonly string[];
}

const PROTOCOLS: readonly OtlpProtocol[] = ['http/protobuf', 'http/json'];

/** Whether the standard variables of OpenTelemetry ask for traces. Without an endpoint they do not. */
export function tracingPlan(config: Config): TracingPlan {
  const endpoint =
    config.variable('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? config.variable('OTEL_EXPORTER_OTLP_ENDPOINT');
  const headers = [
    config.variable('OTEL_EXPORTER_OTLP_HEADERS'),
    config.variable('OTEL_EXPORTER_OTLP_TRACES_HEADERS'),
  ];
  const secrets = headers.flatMap(headerValues);
  if (endpoint === undefined || config.flag('OTEL_SDK_DISABLED')) return { secrets };
  const exporters = (config.variable('OTEL_TRACES_EXPORTER') ?? 'otlp').split(',').map((one) => one.trim());
  if (exporters.includes('none')) return { secrets };
  if (!exporters.includes('otlp'))
    return {
      secrets,
      warning: `no traces are exported: OTEL_TRACES_EXPORTER: expected otlp or none, found "${exporters.join(',')}"`,
    };
  const asked =
    config.variable('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ??
    config.variable('OTEL_EXPORTER_OTLP_PROTOCOL') ??
    'http/protobuf';
  const protocol = PROTOCOLS.find((one) => one === asked.trim());
  if (protocol !== undefined) return { secrets, protocol };
  return {
    secrets,
    warning: `no traces are exported: OTEL_EXPORTER_OTLP_PROTOCOL: expected ${PROTOCOLS.join(' or ')}, found "${asked}"`,
  };
}

/** Of `authorization=Bearer%20abc,x-team=ml`; short words are no secrets. */
function headerValues(headers: string | undefined): string[] {
  return (headers ?? '')
    .split(',')
    .map((pair) => pair.slice(pair.indexOf('=') + 1).trim())
    .flatMap((value) => [value, decoded(value)])
    .flatMap((value) => [value, ...value.split(/\s+/)])
    .filter((value) => value.length >= SHORTEST_SECRET);
}

const SHORTEST_SECRET = 8;

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
