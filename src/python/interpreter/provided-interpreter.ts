import type { EnvironmentRequest } from '../environment-request.js';
import { findUv } from '../install/uv-program.js';
import type { PythonSettings } from '../settings.js';

/** An interpreter is 30 MB; uv tries again by itself meanwhile. */
const DOWNLOAD_TIMEOUT_MS = 300_000;

/**
 * Has uv download the Python of a version that this machine lacks, where the configuration allows it. It is found
 * there from then on.
 *
 * @param version `3.9`, `3`
 * @returns whether it did; the log says why not
 */
export async function provideInterpreter(request: EnvironmentRequest, version: string): Promise<boolean> {
  const { place, settings, offline, reporter, signal } = request;
  if (!mayInstallPython(settings) || offline === true) return false;
  const uv = await findUv(place, settings.uv.binary, '');
  if (uv === undefined) return false;
  const { pythonDownloads } = settings.uv;
  const env = {
    UV_NO_PROGRESS: '1',
    UV_PYTHON_INSTALL_BIN: '0', // no further programs in ~/.local/bin
    ...(pythonDownloads === undefined ? {} : { UV_PYTHON_DOWNLOADS_JSON_URL: pythonDownloads }),
  };
  reporter.line(`Python ${version} is not on this machine; uv ${uv.version} installs it`);
  const result = await place.exec(
    { argv: [uv.program, 'python', 'install', version], env, cwd: '/' },
    { signal, timeoutMs: DOWNLOAD_TIMEOUT_MS, onOutput: (chunk) => reporter.output(chunk) },
  );
  if (result.exitCode === 0) return true;
  const why = result.stderr.trim().split('\n').at(-1) ?? '';
  reporter.line(`uv cannot install Python ${version}: ${why.trim().replace(/^error: /, '')}`, 'WARNING');
  return false;
}

/** Who chose uv wants its interpreters too, unless the configuration says otherwise. */
export function mayInstallPython({ manager, engine, uv }: PythonSettings): boolean {
  return uv.installPython ?? (manager === 'uv' || engine === 'uv');
}
