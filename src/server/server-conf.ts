import type { EmbeddedServer } from './server.js';

/** The `clearml.conf` that lets agents and the Python SDK use a server. It holds the secret key. */
export function serverConfText(server: Pick<EmbeddedServer, 'url' | 'filesUrl' | 'credentials'>): string {
  const { url, filesUrl, credentials } = server;
  return `api {
  api_server: "${url}"
  # There is no web page; clients only print links that begin with it.
  web_server: "${url}"
  files_server: "${filesUrl}"
  credentials {
    access_key: "${credentials.accessKey}"
    secret_key: "${credentials.secretKey}"
  }
}
`;
}
