import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

const FOLDER = path.resolve(import.meta.dirname, '../../docs/compose');

export interface ComposeService {
  environment: Record<string, string | null>;
  volumes: string[];
  user?: string;
  command?: string;
  healthcheck?: { test: string[] };
}

/** The one service of a file of `docs/compose`, `${NAME}` filled in as Compose does it. */
export function composeService(file: string, name: string): ComposeService {
  const text = fs.readFileSync(path.join(FOLDER, file), 'utf8');
  const filled = text.replaceAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, variable, kind, rest) =>
    kind === '-' ? rest : `given-${variable}`,
  );
  const { services } = parse(filled);
  if (Object.keys(services).join() !== name) throw new Error(`${file}: expected the service ${name} alone`);
  return services[name];
}
