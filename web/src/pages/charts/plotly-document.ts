interface PlotDocument {
  data: object[];
  layout: Record<string, unknown>;
}

/** Members by which a document makes Plotly ask other servers: images, maps and their tiles. */
const FOREIGN = new Set(['images', 'source', 'topojsonURL', 'mapbox', 'map', 'geo']);
/** Traces that draw on maps of other servers. */
const MAP_TRACES = /mapbox$|geo$|^choropleth|^(scatter|density)map$/;

/**
 * Reads what a task reported, without what would load from other servers.
 *
 * @returns undefined for what is not a Plotly document
 */
export function plainDocument(text: string): PlotDocument | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(read) || !Array.isArray(read.data)) return undefined;
  const data = read.data.filter(isObject).filter(({ type }) => !MAP_TRACES.test(String(type ?? '')));
  return { data: data.map(withoutForeign), layout: isObject(read.layout) ? withoutForeign(read.layout) : {} };
}

function withoutForeign(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([name, inner]) => !FOREIGN.has(name) || isOwn(inner)),
  );
}

/** Images inside the document stay. */
function isOwn(value: unknown): boolean {
  if (typeof value === 'string') return value.startsWith('data:image/');
  return Array.isArray(value) && value.every((one) => isObject(one) && isOwn(one.source));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
