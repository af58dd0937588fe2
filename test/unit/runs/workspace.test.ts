import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { Config } from '../../../src/config/config.js';
import { leaveWorkspace, workspaceOf } from '../../../src/runs/workspace.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

// Cause of a leftover in chaos seed 25 on Docker: on a full disk the note of a kept workspace ended the clearing up.
test('a workspace that cannot be noted as kept is removed, and the clean-up continues', async (t) => {
  const home = temporaryFolder(t);
  const stateFolder = path.join(home, 'state');
  // A folder in the place of the note: no write succeeds, for root too.
  mkdirSync(path.join(stateFolder, 'kept-workspace'), { recursive: true });
  const warned: string[] = [];
  const logger = { warn: (line: string) => void warned.push(line) };
  const ctx = { config: new Config({ env: {}, base: [] }), home, stateFolder, logger };
  const run = path.join(home, 'runs', 'a.1');
  const workspace = workspaceOf(ctx, run);
  mkdirSync(workspace, { recursive: true });
  await leaveWorkspace(ctx, run, true);
  t.false(existsSync(workspace));
  t.regex(warned.join(), /is not kept/);
});
