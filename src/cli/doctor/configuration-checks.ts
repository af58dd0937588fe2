import { stat } from 'node:fs/promises';
import { validateConfig } from '../../config/validate.js';
import { requireServer } from '../session.js';
import { type Check, type DoctorContext, type Finding, ok, problem, warning } from './check.js';

/** Bits of a file's mode that let others than its owner read it. */
const READABLE_BY_OTHERS = 0o044;

export const configurationCheck: Check = {
  name: 'configuration',
  title: 'Configuration',
  async run({ config }) {
    const found = config.files.length === 0 ? 'no file, variables only' : config.files.join(', ');
    const { warnings, errors } = validateConfig(config);
    requireServer(config);
    return [
      ok(found),
      // The check of the file's mode reports that others can read it.
      ...warnings.filter((text) => !text.includes('chmod')).map((text) => warning(text)),
      ...errors.map((text) => problem(text)),
    ];
  },
};

export const fileModesCheck: Check = {
  name: 'file-modes',
  title: 'File modes',
  async run({ config }: DoctorContext): Promise<Finding[]> {
    const files = await Promise.all(config.files.map(modeOf));
    return files.length === 0 ? [] : files;
  },
};

async function modeOf(file: string): Promise<Finding> {
  const { mode, uid } = await stat(file);
  const shown = (mode & 0o777).toString(8);
  if ((mode & READABLE_BY_OTHERS) !== 0) {
    return warning(
      `${file} can be read by other users (mode ${shown})`,
      `It holds secrets: chmod 600 ${file}`,
    );
  }
  const me = process.getuid?.();
  if (me !== undefined && me !== 0 && uid !== me) {
    return problem(`${file} belongs to another user`, `chown it to the user that runs the agent.`);
  }
  return ok(`${file} is private (mode ${shown})`);
}
