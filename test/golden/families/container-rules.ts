import type { TaskRecord } from '../../../src/api/task-record.js';
import type { ConfigValue } from '../../../src/config/config.js';
import {
  askedContainer,
  type ChoiceFacts,
  chooseContainer,
} from '../../../src/container/choice/choose-container.js';
import { applyRule, readContainerRules } from '../../../src/container/choice/container-rules.js';

interface RulesInput {
  op: string;
  rules: ConfigValue;
  task: TaskRecord;
  project_name?: string;
  feature_set?: string;
  ignore_rules?: boolean;
  update_back_task?: boolean;
}

export function containerRules(input: RulesInput): unknown {
  const facts = factsOf(input);
  return input.op === 'resolve' ? resolved(facts) : taskContainer(facts);
}

function factsOf(input: RulesInput): ChoiceFacts {
  return {
    task: input.task,
    projectName: input.project_name,
    warn: () => undefined,
    default: { image: 'default:1', arguments: [], fromCommandLine: input.ignore_rules ?? false },
    rules: readContainerRules(Array.isArray(input.rules) ? input.rules : []),
    rulesAvailable: (input.feature_set ?? 'advanced') === 'advanced',
    updateBack: input.update_back_task ?? true,
    defaultOnly: false,
  };
}

/** The container with the rule laid in, in the form of the recording. */
function resolved(facts: ChoiceFacts): unknown {
  const { rule, ruleIndex } = askedContainer(facts);
  const own = facts.task.container ?? {};
  if (rule === undefined) return { container: own, rule: null };
  const flags = { force_container_rules: rule.forced, update_back_task: rule.updateBack ?? facts.updateBack };
  return { container: { ...applyRule(own, rule), ...flags }, rule: ruleIndex };
}

/** Members that neither the task nor the rule has are left out, and empty arguments stay a text. */
function taskContainer(facts: ChoiceFacts): unknown {
  const { rule, ...asked } = askedContainer(facts);
  const own = facts.task.container ?? {};
  const has = (key: 'image' | 'arguments' | 'setup_shell_script') => rule !== undefined || key in own;
  const container = {
    ...(has('image') ? { image: asked.image } : {}),
    ...(has('arguments') ? { arguments: asked.arguments.length > 0 ? asked.arguments : '' } : {}),
    ...(has('setup_shell_script') ? { setup_shell_script: asked.setupScript } : {}),
  };
  const { by, writeBack } = chooseContainer(facts);
  return { container, task_updates: by === 'default' || writeBack === undefined ? [] : [writeBack] };
}
