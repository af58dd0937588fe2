import { listOf, object, required, text, texts } from '../schema.js';

/** A metric that a request asks for. */
export interface MetricChoice {
  metric: string;
  /** Empty: all. */
  variants: readonly string[];
}

/** How requests write it, in a list. */
export const METRIC_CHOICE = object({ metric: required(text), variants: texts });
export const METRIC_CHOICES = listOf(METRIC_CHOICE);

type Asked = { readonly metric: string; readonly variants?: readonly string[] };

export function metricChoices(items: readonly Asked[] = []): MetricChoice[] {
  return items.map(({ metric, variants = [] }) => ({ metric, variants }));
}

/** Whether a metric is among those asked for; none: it is. */
export function isChosen(choices: readonly MetricChoice[], metric: string, variant: string): boolean {
  const matches = (choice: MetricChoice) =>
    choice.metric === metric && (choice.variants.length === 0 || choice.variants.includes(variant));
  return choices.length === 0 || choices.some(matches);
}
