import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { reasonOf } from '../../api/failure.js';
import { ErrorNote } from '../../components/states.js';
import { isDark } from '../../layout/theme.js';
import { loadPlotly } from './load-plotly.js';
import { darkTemplate, withDarkText } from './plotly-dark.js';
import { plainDocument } from './plotly-document.js';

/** What the page shows of Plotly's buttons: none sends a plot to another server. */
const CONFIG = { responsive: true, displaylogo: false, showSendToCloud: false };

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
        ...(dark
          ? {
              plot_bgcolor: 'rgba(0,0,0,0)',
              // Colours of the theme that the style sheet gives this element; it shows neither line.
              template: darkTemplate({ line: css.borderTopColor, head: css.outlineColor }),
            }
          : {}),
        font: { family: css.fontFamily, size: 12, color: css.color },
      };
      await Plotly.newPlot(element, dark ? plot.data.map(withDarkText) : plot.data, layout, CONFIG);
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
