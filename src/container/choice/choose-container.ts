import { isDeepStrictEqual } from 'node:util';
import type { TaskContainer } from '../../api/task-record.js';
import { quoteWord } from '../../os/shell-words.js';
import { splitShellText } from '../arguments/shell-text.js';
import { applyRule, type ContainerRule, matchRule, type RuleFacts } from './container-rules.js';
import type { DefaultImage } from './default-image.js';

/** Image, arguments and set-up script of one task. */
export interface ChosenContainer {
  image: string;
  arguments: string[];
  setupScript: string;
  /** Who chose the image. */
  by: 'task' | 'rule' | 'default';
  /** What is to be written to the task, so that it shows where it ran. */
  writeBack: TaskContainer | undefined;
  /** Why something that the task asks for does not count, for its log. */
  notes: string[];
}

export interface ChoiceFacts extends RuleFacts {
  default: DefaultImage;
  rules: readonly ContainerRule[];
  /** The server can do rules: feature set `advanced`, API 2.13. */
  rulesAvailable: boolean;
  /** `agent.default_docker.update_back_task`, for rules that do not say. */
  updateBack: boolean;
  /** `agent.disable_task_docker_override`: neither the task nor a rule chooses image and arguments. */
  defaultOnly: boolean;
}

/** The part of the choice that comes from the task and the rules; empty fields are not chosen. */
export interface AskedContainer {
  image: string;
  arguments: string[];
  setupScript: string;
  rule: ContainerRule | undefined;
  /** Place of the rule in the list. */
  ruleIndex: number | undefined;
}

/**
 * Chooses the container of a task: the task's own image with its arguments, a rule's, or the default image
 * with the default arguments. The set-up script is the task's or the rule's in any case.
 *
 * @throws AgentError DOCKER_ARGUMENT for arguments of the task with an open quote
 */
export function chooseContainer(facts: ChoiceFacts): ChosenContainer {
  const asked = askedContainer(facts);
  const useDefault = facts.defaultOnly || asked.image === '';
  const chosen = useDefault
    ? { image: facts.default.image, arguments: [...facts.default.arguments] }
    : { image: asked.image, arguments: asked.arguments };
  const by = useDefault ? 'default' : asked.rule === undefined ? 'task' : 'rule';
  const tell = by === 'default' || (asked.rule !== undefined && (asked.rule.updateBack ?? facts.updateBack));
  const container = { ...chosen, setupScript: asked.setupScript };
  const notes = useDefault ? unusedOf(asked, chosen, facts.defaultOnly) : [];
  return { ...container, by, writeBack: tell ? asSection(container) : undefined, notes };
}

/** Without the words themselves, which may hold secrets. */
function unusedOf(
  asked: AskedContainer,
  chosen: Pick<ChosenContainer, 'image' | 'arguments'>,
  defaultOnly: boolean,
): string[] {
  const unused = [
    ...(asked.image === '' || asked.image === chosen.image ? [] : ['image']),
    ...(asked.arguments.length === 0 || isDeepStrictEqual(asked.arguments, chosen.arguments)
      ? []
      : ['arguments']),
  ];
  if (unused.length === 0) return [];
  const reason = defaultOnly
    ? 'agent.disable_task_docker_override is set'
    : "they count with an image of the task's own, and it names none";
  return [
    `the task's container ${unused.join(' and ')} ${unused.includes('arguments') ? 'are' : 'is'} not used: ${reason}`,
  ];
}

/** What the task asks for, with the rule that applies to it laid in. */
export function askedContainer(facts: ChoiceFacts): AskedContainer {
  const own = facts.task.container ?? {};
  const matched = facts.rulesAvailable ? matchRule(facts.rules, facts) : undefined;
  if (matched === undefined || !ruleCounts(matched.rule, own, facts.default.fromCommandLine)) {
    return { ...split(own), rule: undefined, ruleIndex: undefined };
  }
  return { ...split(applyRule(own, matched.rule)), rule: matched.rule, ruleIndex: matched.index };
}

/** An image on the command line beats rules that are not forced; a task with an image obeys only forced ones. */
function ruleCounts(rule: ContainerRule, own: TaskContainer, commandLine: boolean): boolean {
  if (own.image?.trim()) return rule.forced && !commandLine;
  return rule.forced || !commandLine;
}

function split(container: Omit<TaskContainer, 'arguments'> & { arguments?: string | string[] | null }) {
  const words = container.arguments ?? '';
  return {
    image: container.image?.trim() ?? '',
    arguments:
      typeof words === 'string' ? splitShellText(words.trim(), "the task's container arguments") : words,
    setupScript: container.setup_shell_script ?? '',
  };
}

/** Words are quoted where a shell needs it, so that they come back as the same words. */
function asSection(chosen: { image: string; arguments: string[]; setupScript: string }): TaskContainer {
  return {
    image: chosen.image,
    arguments: chosen.arguments.map(quoteWord).join(' '),
    setup_shell_script: chosen.setupScript,
  };
}
