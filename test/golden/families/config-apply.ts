import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Config, type Environment } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { shippedLayer } from '../../../src/config/load.js';
import { applySections } from '../../../src/config/sections/apply-sections.js';
import { configuredEnvironment } from '../../../src/config/sections/environment-section.js';

interface ApplyInput {
  op: string;
  config: string;
  env?: Record<string, string>;
  existing?: Record<string, string>;
}

export function configApply(input: ApplyInput): unknown {
  if (input.op === 'environment') {
    const set = configuredEnvironment(configOf(input, '/home/user'));
    return { keys: Object.keys(set), set };
  }
  return input.op === 'files' ? files(input) : undefined;
}

function configOf(input: ApplyInput, home: string): Config {
  const env: Environment = { HOME: home, ...input.env };
  return new Config({
    env,
    base: [shippedLayer(), textLayer(input.config, 'user.conf', { env, warn: () => undefined })],
  });
}

/** The section carried out in a home folder of its own, and what is there afterwards. */
function files(input: ApplyInput): unknown {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'config-apply-'));
  try {
    for (const [name, text] of Object.entries(input.existing ?? {})) {
      fs.mkdirSync(path.dirname(path.join(home, name)), { recursive: true });
      fs.writeFileSync(path.join(home, name), text);
    }
    applySections(configOf(input, home), { home, say: () => undefined });
    const names = fs.readdirSync(home, { recursive: true, encoding: 'utf8' });
    const found = names.filter((name) => fs.statSync(path.join(home, name)).isFile());
    return {
      files: Object.fromEntries(found.map((name) => [name, described(home, name, input.existing?.[name])])),
    };
  } finally {
    fs.rmSync(home, { recursive: true });
  }
}

function described(home: string, name: string, before: string | undefined): unknown {
  const bytes = fs.readFileSync(path.join(home, name));
  const text = bytes.toString('utf8');
  const mode = (fs.statSync(path.join(home, name)).mode & 0o777).toString(8);
  return {
    content: Buffer.from(text, 'utf8').equals(bytes) ? text : { hex: bytes.toString('hex') },
    ...(mode === '644' ? {} : { mode }),
    ...(text === before ? { unchanged: true } : {}),
  };
}
