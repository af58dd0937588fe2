import { asObject, asObjects } from '../json.js';
import type { Database } from '../storage/database.js';
import { OF_OWNER } from './metric-store.js';

/** Addresses of the files that the events of a task show: its debug images, and images in its plots. */
export function eventUrls(database: Database, task: string): string[] {
  // The types are in the index, so that scalars are not read.
  const sql = `SELECT type, json_extract(body, '$.url') AS url, json_extract(body, '$.plot_str') AS plot
    FROM metric_events WHERE ${OF_OWNER} AND type IN ('training_debug_image', 'plot')
    AND (type <> 'plot' OR plot LIKE '%"source"%')`;
  const found = database
    .all(sql, task)
    .flatMap(({ type, url, plot }) => (type === 'plot' ? imagesOf(plot) : [url]));
  return [...new Set(found)].filter((url) => typeof url === 'string' && url !== '') as string[];
}

/** Images of a Plotly figure; texts of other makers have none. */
function imagesOf(plot: unknown): unknown[] {
  try {
    const { layout } = asObject(JSON.parse(String(plot)));
    return asObjects(asObject(layout).images).map(({ source }) => source);
  } catch {
    return [];
  }
}
