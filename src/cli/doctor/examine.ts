import { DRIVERS } from '../../drivers/registry.js';
import { AgentError, causeLine, isAgentError } from '../../errors.js';
import type { Check, DoctorContext, Finding } from './check.js';
import { configurationCheck, fileModesCheck } from './configuration-checks.js';
import { gitCheck } from './git-check.js';
import { diskCheck, gpuCheck, pythonCheck } from './machine-checks.js';
import { credentialsCheck, proxyCheck, queuesCheck, serverCheck } from './server-checks.js';
import { tlsCheck } from './tls-check.js';

/** What the drivers say about where tasks can run. */
const driverChecks: readonly Check[] = DRIVERS.flatMap(({ check }) =>
  check === undefined ? [] : [{ ...check, run: ({ config }: DoctorContext) => check.run(config) }],
);

/** All checks, in the order of the report. */
export const CHECKS: readonly Check[] = [
  configurationCheck,
  fileModesCheck,
  proxyCheck,
  serverCheck,
  tlsCheck,
  credentialsCheck,
  queuesCheck,
  gitCheck,
  pythonCheck,
  ...driverChecks,
  gpuCheck,
  diskCheck,
];

export interface CheckResult extends Finding {
  check: string;
  title: string;
}

/** Runs all checks at the same time; one that cannot be carried out is a problem of its own. */
export async function examine(
  context: DoctorContext,
  checks: readonly Check[] = CHECKS,
): Promise<CheckResult[]> {
  const results = await Promise.all(
    checks.map(async (check) => {
      const findings = await check.run(context).catch((error: unknown) => failures(check, error));
      return findings.map((finding) => ({ check: check.name, title: check.title, ...finding }));
    }),
  );
  return results.flat();
}

/** A missing configuration is reported once. */
function failures(check: Check, error: unknown): Finding[] {
  if (isAgentError(error, 'CONFIG_MISSING') && check !== configurationCheck) return [];
  const hint = error instanceof AgentError ? error.hint : undefined;
  return [{ state: 'problem', text: causeLine(error), ...(hint === undefined ? {} : { fix: hint }) }];
}
