/** The environment of this process. Everything below the commands is handed what it needs of it. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
