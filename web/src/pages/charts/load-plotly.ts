import sheetAddress from './plotly-sheet.css?url';

type Plotly = typeof import('plotly.js-strict-dist-min').default;

/** Where Plotly looks for the sheet that it writes its rules into. */
const SHEET_ID = 'plotly.js-style-global';

/**
 * Plotly would make a `style` element, which the policy of the page forbids. It finds a sheet of this origin instead and may
 * add rules to that.
 */
export async function loadPlotly(): Promise<Plotly> {
  await loadSheet();
  const { default: plotly } = await import('plotly.js-strict-dist-min');
  return plotly;
}

function loadSheet(): Promise<void> {
  if (document.getElementById(SHEET_ID) !== null) return Promise.resolve();
  const link = document.createElement('link');
  link.id = SHEET_ID;
  link.rel = 'stylesheet';
  link.href = sheetAddress;
  return new Promise((resolve, reject) => {
    link.onload = () => resolve();
    link.onerror = () => reject(new Error('The styles of the plots did not load.'));
    document.head.append(link);
  });
}
