/** The part of Plotly that the page uses. */
declare module 'plotly.js-strict-dist-min' {
  const Plotly: {
    newPlot(place: HTMLElement, data: object[], layout: object, config: object): Promise<unknown>;
    purge(place: HTMLElement): void;
  };
  export default Plotly;
}
