import type { Config } from '../../config/config.js';

/** How containers are named; see `containerName`. */
export interface NameSettings {
  format: string | undefined;
  fields: Readonly<Record<string, string>>;
}

export function readNameSettings(config: Config): NameSettings {
  const fields = config.agent.dockerContainerNameFormatFields;
  return {
    format: config.agent.dockerContainerNameFormat,
    fields: Object.fromEntries(Object.entries(fields).map(([name, path]) => [name, String(path)])),
  };
}
