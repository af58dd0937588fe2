import type { Config } from '../../config/config.js';

/** How containers are named; see `containerName`. */
export interface NameSettings {
  format: string | undefined;
  fields: Readonly<Record<string, string>>;
}

export function readNameSettings(config: Config): NameSettings {
  const fields = config.tree('agent.docker_container_name_format_fields') ?? {};
  return {
    format: config.string('agent.docker_container_name_format'),
    fields: Object.fromEntries(Object.entries(fields).map(([name, path]) => [name, String(path)])),
  };
}
