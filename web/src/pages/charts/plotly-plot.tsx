import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { reasonOf } from '../../api/failure.js';
import { ErrorNote } from '../../components/states.js';
import { isDark } from '../../layout/theme.js';
import { loadPlotly } from './load-plotly.js';
import { plainDocument } from './plotly-document.js';

/** Grid lines that do not outshine the curves. */
function darkTemplate(line: string): object {
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line };
  return { layout: { xaxis: axis, yaxis: axis } };
}

/** A Plotly document that a task reported. Plotly loads with the first one. */
export function PlotlyPlot({ text, label }: { text: string; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [error, setError] = useState<string>();
  const plot = useMemo(() => plainDocument(text), [text]);
  const dark = isDark();
  useEffect(() => {
    const element = place.current;
    if (element === null || plot === undefined) return;
    let isLeft = false;
    let leave: (() => void) | undefined;
    const draw = async () => {
      const Plotly = await loadPlotly();
      if (isLeft) return;
      const css = getComputedStyle(element);
      const layout = {
        margin: { t: 48, r: 16, b: 40, l: 52 },
        ...plot.layout,
        autosize: true,
        paper_bgcolor: 'rgba(0,0,0,0)',
        ...(dark ? { plot_bgcolor: 'rgba(0,0,0,0)', template: darkTemplate(css.borderTopColor) } : {}),
        font: { family: css.fontFamily, size: 12, color: css.color },
      };
      await Plotly.newPlot(element, plot.data, layout, { responsive: true, displaylogo: false });
      leave = () => Plotly.purge(element);
    };
    draw().catch((cause: unknown) => setError(reasonOf(cause)));
    return () => {
      isLeft = true;
      leave?.();
    };
  }, [plot, dark]);
  if (plot === undefined)
    return <ErrorNote error="The task reported something that is not a Plotly document." />;
  return (
    <>
      {error !== undefined && <ErrorNote error={error} />}
      <div ref={place} class="plot" role="img" aria-label={label} />
    </>
  );
}
