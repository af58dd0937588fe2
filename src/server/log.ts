/** Where the server tells what it does; the program shows control characters of names. */
export interface ServerLog {
  info(line: string): void;
  error(line: string): void;
}

export const SILENT: ServerLog = { info: () => undefined, error: () => undefined };
