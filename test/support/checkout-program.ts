import { checkoutRepository } from '../../src/repository/checkout.js';
import { repositorySettings } from '../../src/repository/settings.js';
import { caseConfig } from './case-config.js';

/** Checks a repository out in a process of its own, as another agent would, and prints the commit. */
const {
  repository,
  ...places
}: { repository: string; cacheFolder: string; workspace: string; home: string } = JSON.parse(
  process.argv[2] ?? '',
);

const got = await checkoutRepository({
  ...places,
  script: { repository },
  settings: repositorySettings(caseConfig({}, process.env)),
  env: process.env,
  reporter: { line: () => undefined, output: () => undefined },
  signal: new AbortController().signal,
});
console.log(got.commit);
