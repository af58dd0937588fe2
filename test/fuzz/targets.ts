import { composeEnvironment, hocon } from './targets/configuration.js';
import { containerInput, dockerArguments } from './targets/containers.js';
import { nvidiaSmi, rocmSmi } from './targets/gpu.js';
import { requirements } from './targets/python.js';
import { diff, gitUrl } from './targets/repository.js';
import { serverAnswer, taskRecord } from './targets/server.js';

/**
 * Reads one text of strangers as the agent does. It may refuse the text by an error with a code (`AgentError`); every
 * other error is a finding, and so is a text that takes longer than `SECONDS_A_TEXT`.
 */
export type FuzzTarget = (text: string) => void | Promise<void>;

export const FUZZ_TARGETS: Readonly<Record<string, FuzzTarget>> = {
  hocon,
  requirements,
  'docker-arguments': dockerArguments,
  diff,
  'container-input': containerInput,
  'task-record': taskRecord,
  'server-answer': serverAnswer,
  'git-url': gitUrl,
  'nvidia-smi': nvidiaSmi,
  'rocm-smi': rocmSmi,
  'compose-environment': composeEnvironment,
};

/** The parsers are done with a text in milliseconds; the limit allows for a machine that is busy. */
export const SECONDS_A_TEXT = 20;
