import test from 'ava';
import { plainDocument } from '../../../web/src/pages/charts/plotly-document.js';

const REFUSED = ['', 'null', '[]', '{}', '{"data":{}}', 'not JSON', '<script>1</script>'];

for (const text of REFUSED)
  test(`"${text}" is not a Plotly document`, (t) => t.is(plainDocument(text), undefined));

test('a document keeps its curves and its own images, and loses what other servers would be asked for', (t) => {
  const read = plainDocument(
    JSON.stringify({
      data: [
        { type: 'heatmap', z: [[1]] },
        { type: 'scattermapbox', lat: [1] },
        { type: 'scattergeo', lat: [1] },
        { type: 'choropleth', z: [1] },
        { type: 'densitymap', lat: [1] },
        { type: 'image', source: 'https://example.com/a.png' },
        { type: 'image', source: 'data:image/png;base64,AA==' },
      ],
      layout: {
        title: 'kept',
        mapbox: { style: 'https://example.com/style.json' },
        images: [{ source: 'https://example.com/b.png' }],
      },
    }),
  );
  t.deepEqual(read, {
    data: [
      { type: 'heatmap', z: [[1]] },
      { type: 'image' },
      { type: 'image', source: 'data:image/png;base64,AA==' },
    ],
    layout: { title: 'kept' },
  });
});
