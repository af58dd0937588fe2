import { asText, asTexts, type JsonObject } from '../json.js';
import type { FieldSpec } from '../request-fields.js';

/** A metric that a request asks for. */
export interface MetricChoice {
  metric: string;
  /** Empty: all. */
  variants: readonly string[];
}

/** How requests write it, in a list. */
export const METRIC_CHOICES: FieldSpec = { items: { metric: 'text!', variants: 'texts' } };

export function metricChoices(items: readonly JsonObject[]): MetricChoice[] {
  return items.map(({ metric, variants }) => ({ metric: asText(metric) ?? '', variants: asTexts(variants) }));
}

/** Whether a metric is among those asked for; none: it is. */
export function isChosen(choices: readonly MetricChoice[], metric: string, variant: string): boolean {
  const matches = (choice: MetricChoice) =>
    choice.metric === metric && (choice.variants.length === 0 || choice.variants.includes(variant));
  return choices.length === 0 || choices.some(matches);
}
