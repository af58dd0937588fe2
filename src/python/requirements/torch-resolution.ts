import { programText } from '../../os/program-file.js';
import { hasHashes } from '../../packaging/requirement-list.js';
import type { EnvironmentJob } from '../environment-job.js';
import { CLEAN_ENVIRONMENT } from '../python-environment.js';
import type { LocatedList } from './requirement-files.js';
import {
  type Accelerator,
  fitToTorchIndex,
  namesTorch,
  torchIndexes,
  torchIndexObstacle,
} from './torch-index.js';

/** Time for one index to answer. */
const ANSWER_SECONDS = 10;

/** The lists with an index of PyTorch for this machine's accelerator where they need one and one answers. */
export async function resolveTorch(
  job: EnvironmentJob,
  located: readonly LocatedList[],
): Promise<LocatedList[]> {
  const { settings, reporter, offline } = job.request;
  const lists = [...located];
  if (!lists.some((one) => namesTorch(one.list)) || settings.requirements.untouched) return lists;
  if (lists.some((one) => namesTorch(one.list) && hasHashes(one.list))) {
    reporter.line('torch is installed like any other package: the requirements have hashes');
    return lists;
  }
  const options = lists.map((one) => one.list.options);
  const others = [job.indexes, ...options].flatMap((one) => [...one.extraIndexUrls, ...one.findLinks]);
  const indexUrl =
    [job.indexes, ...options].map((one) => one.indexUrl).find((url) => url !== undefined) ?? job.pip.indexUrl;
  const noIndex = job.pip.noIndex || options.some((one) => one.noIndex);
  const obstacle =
    noIndex || offline === true
      ? 'no index may be asked'
      : torchIndexObstacle(settings.torch, {
          indexUrl,
          others: [...others, ...job.pip.extraIndexUrls, ...job.pip.findLinks],
        });
  if (obstacle !== undefined) {
    reporter.line(`torch is installed like any other package: ${obstacle}`);
    return lists;
  }
  const accelerator = acceleratorOf(job);
  const candidates = torchIndexes(accelerator, settings.torch);
  const index = await firstThatAnswers(job, candidates);
  if (index === undefined) {
    reporter.line(
      `torch is installed like any other package: no index of PyTorch answers (${candidates[0]} …)`,
      'WARNING',
    );
    return lists;
  }
  reporter.line(`torch for ${nameOf(accelerator)} comes from ${index}`);
  return lists.map((one) =>
    namesTorch(one.list) ? { ...one, list: fitToTorchIndex(one.list, index) } : one,
  );
}

function acceleratorOf(job: EnvironmentJob): Accelerator {
  return { cuda: Number.parseInt(job.request.cuda, 10) || 0, rocm: job.request.rocm };
}

function nameOf({ cuda, rocm }: Accelerator): string {
  if (rocm !== undefined) return `ROCm ${rocm.join('.')}`;
  return cuda > 0 ? `CUDA ${Math.floor(cuda / 10)}.${cuda % 10}` : 'CPU';
}

/** Asked by the task's own Python: from the same network, with the same proxy and certificates as the installer. */
async function firstThatAnswers(job: EnvironmentJob, urls: readonly string[]): Promise<string | undefined> {
  const { place, signal, toolEnvironment } = job.request;
  const certificate = job.pip.certificate === undefined ? {} : { SSL_CERT_FILE: job.pip.certificate };
  const result = await place.exec(
    {
      argv: [
        job.interpreter.program,
        '-c',
        programText('first_answer.py', import.meta.url),
        String(ANSWER_SECONDS),
        ...urls,
      ],
      env: { ...CLEAN_ENVIRONMENT, ...toolEnvironment, ...certificate },
    },
    { signal },
  );
  const answer = result.stdout.trim();
  return urls.includes(answer) ? answer : undefined;
}
