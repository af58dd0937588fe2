import type { Addresses } from './addresses.js';

/** The part of `clearml.conf` that names a server; the keys are those of its user. */
export function apiSection(addresses: Addresses, keys: { accessKey: string; secretKey: string }): string {
  return `api {
  web_server: "${addresses.web}"
  api_server: "${addresses.api}"
  files_server: "${addresses.files}"
  credentials {
    access_key: "${keys.accessKey}"
    secret_key: "${keys.secretKey}"
  }
}
`;
}

/** Where the services are and what to put into `clearml.conf`, for a package without a built page. */
export function pageText(addresses: Addresses): string {
  const section = apiSection(addresses, { accessKey: 'YOUR ACCESS KEY', secretKey: 'YOUR SECRET KEY' });
  const link = (address: string) => `<a href="${escaped(address)}">${escaped(address)}</a>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>ClearML-compatible server</title>
<style>body { font: 16px/1.5 sans-serif; max-width: 45em; margin: 2em auto; padding: 0 1em } pre { background: #f2f2f2; padding: 1em; overflow: auto }</style>
</head>
<body>
<h1>ClearML-compatible server</h1>
<p>The page is not part of this installation: <code>npm run build</code> makes it, and the server shows it after its next start.</p>
<p>API: ${link(addresses.api)}<br>File server: ${link(addresses.files)}</p>
<p>In <code>clearml.conf</code>:</p>
<pre>${escaped(section)}</pre>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter);
}
