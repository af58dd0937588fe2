import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { loadConfig } from '../../../src/config/load.js';

const TEXT = 'agent.git_pass: "geheimnis-ä"\n';

const FILES: [name: string, bytes: Buffer, warned: boolean][] = [
  ['UTF-8', Buffer.from(TEXT), false],
  ['UTF-8 with a mark', Buffer.from(`\ufeff${TEXT}`), false],
  ['UTF-16 with a mark', Buffer.from(`\ufeff${TEXT}`, 'utf16le'), false],
  ['Latin-1', Buffer.from(TEXT, 'latin1'), true],
];

for (const [name, bytes, warned] of FILES) {
  test(`a configuration file in ${name}`, (t) => {
    const home = mkdtempSync(path.join(tmpdir(), 'encodings-test-'));
    t.teardown(() => rmSync(home, { recursive: true }));
    writeFileSync(path.join(home, 'clearml.conf'), bytes, { mode: 0o600 });
    const config = loadConfig({ env: {}, home });
    t.is(config.agent.gitPass, 'geheimnis-ä');
    const warnings = config.warnings.filter((line) =>
      /clearml\.conf is not UTF-8 and is read as windows-1252/.test(line),
    );
    t.is(warnings.length, warned ? 1 : 0);
  });
}
