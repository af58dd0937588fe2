/** Text on a colour that a document chose: documents are made for light pages. */
const ON_OWN_COLOUR = '#1b1f27';

/** Lines that do not outshine the curves, and tables that are not white. */
export function darkTemplate({ line, head }: { line: string; head: string }): object {
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line };
  const part = (color: string) => ({ fill: { color }, line: { color: line } });
  const table = { header: part(head), cells: part('rgba(0,0,0,0)') };
  return { layout: { xaxis: axis, yaxis: axis }, data: { table: [table] } };
}

/** Gives the parts of a table that have colours of their own a text that is seen on them. */
export function withDarkText(trace: object): object {
  if (!('type' in trace) || trace.type !== 'table') return trace;
  const parts = (['header', 'cells'] as const).flatMap((name) => {
    const part = name in trace ? (trace as Record<string, TablePart>)[name] : undefined;
    if (part?.fill?.color === undefined || part.font?.color !== undefined) return [];
    return [[name, { ...part, font: { ...part.font, color: ON_OWN_COLOUR } }] as const];
  });
  return { ...trace, ...Object.fromEntries(parts) };
}

interface TablePart {
  fill?: { color?: unknown };
  font?: { color?: unknown };
}
