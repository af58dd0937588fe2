/** Where clients reach the three services. */
export interface ServerAddresses {
  web: string;
  api: string;
  files: string;
}

/**
 * The block that `agent init`, `clearml-agent init` and `clearml-init` take when it is pasted. Addresses are in quotes: without
 * them `//` would begin a comment.
 */
export function confBlock(
  { web, api, files }: ServerAddresses,
  pair: { access_key: string; secret_key: string },
): string {
  return `api {
  web_server: "${web}"
  api_server: "${api}"
  files_server: "${files}"
  credentials {
    "access_key" = "${pair.access_key}"
    "secret_key" = "${pair.secret_key}"
  }
}
`;
}
