import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { plotlyByPolicy } from './plotly-policy.js';

/** The server at which the development server asks for data. */
const SERVER = {
  api: 'http://127.0.0.1:8008',
  files: 'http://127.0.0.1:8081',
  page: 'http://127.0.0.1:8080',
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // The server may show the page below a path; `<base>` in index.html says which.
  base: './',
  plugins: [plotlyByPolicy()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    // A policy without inline scripts and `data:` fonts.
    assetsInlineLimit: 0,
    // Plotly is larger than this, and loads on demand.
    chunkSizeWarningLimit: 5000,
    reportCompressedSize: false,
    // A note about the time of plugins, on slow machines only.
    rolldownOptions: { checks: { bundlerTimings: false } },
    license: { fileName: 'licenses.md' },
  },
  server: {
    proxy: {
      '/api': { target: SERVER.api, rewrite: (path) => path.replace(/^\/api/, '') },
      '/files': { target: SERVER.files, rewrite: (path) => path.replace(/^\/files/, '') },
      '/configuration.json': SERVER.page,
    },
  },
});
