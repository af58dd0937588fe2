import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseHocon } from '../../../src/config/hocon/parse-hocon.js';

interface HoconInput {
  text: string;
  files?: Record<string, string>;
  env?: Record<string, string>;
}

export function hocon({ text, files = {}, env = {} }: HoconInput): unknown {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hocon-'));
  try {
    for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), content);
    return parseHocon(text, { file: path.join(folder, 'main.conf'), env }).root;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
