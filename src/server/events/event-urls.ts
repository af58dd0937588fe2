import { asObject, asObjects } from '../json.js';
import type { Database } from '../storage/database.js';

/** Addresses of the files that the events of a task show: its debug images, and images in its plots. */
export function eventUrls(database: Database, task: string): string[] {
  const sql = `SELECT type, json_extract(body, '$.url') AS url, json_extract(body, '$.plot_str') AS plot
    FROM metric_events WHERE task = ? AND (type = 'training_debug_image' OR (type = 'plot' AND plot LIKE '%"source"%'))`;
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
