import { TASK_TYPES } from '../../tasks/task-document.js';
import type { AppTask } from './definition.js';
import type { Node } from './node.js';

const SCRIPT = [
  'repository',
  'branch',
  'tag',
  'version_num',
  'entry_point',
  'working_dir',
  'binary',
  'diff',
] as const;
const CONTAINER = ['image', 'arguments', 'setup_shell_script'] as const;

/** The section `task`. */
export function readTask(node: Node): AppTask {
  if (node.isMissing) node.error('expected the section "task { script { … } }", found none');
  node.only(['script', 'hyperparams', 'configuration', 'container', 'type', 'tags']);
  return {
    script: node.isMissing ? {} : readScript(node.at('script')),
    hyperparams: Object.fromEntries(
      node
        .at('hyperparams')
        .members()
        .map(([section, inner]) => [section, textMap(inner)]),
    ),
    configuration: readConfiguration(node.at('configuration')),
    container: someTexts(node.at('container'), CONTAINER),
    type: node.at('type').oneOf(TASK_TYPES) ?? 'application',
    tags: node.at('tags').texts(),
  };
}

function readScript(node: Node): Record<string, string> {
  const script = someTexts(node, [...SCRIPT]);
  if (script.entry_point === undefined) node.at('entry_point').requiredText();
  if (script.repository === undefined && script.diff === undefined)
    node.at('repository').error('expected the address of a git repository, found none');
  return script;
}

function someTexts(node: Node, names: readonly string[]): Record<string, string> {
  node.only(names);
  const given = names.map((name) => [name, node.at(name).text()] as const);
  return Object.fromEntries(given.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}

function textMap(node: Node): Record<string, string> {
  return Object.fromEntries(
    node.members().map(([name, inner]) => [name, inner.isMissing ? '' : (inner.text() ?? '')]),
  );
}

/** A configuration is a text; objects and lists become JSON. */
function readConfiguration(node: Node): Record<string, string> {
  return Object.fromEntries(
    node.members().map(([name, inner]) => {
      const { value } = inner;
      return [
        name,
        typeof value === 'object' && value !== null ? JSON.stringify(value) : (inner.text() ?? ''),
      ];
    }),
  );
}
