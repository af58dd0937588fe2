import {
  resolveTemplate,
  resolveTemplates,
  type TemplateValues,
} from '../../../src/container/resolve-template.js';

interface TemplateInput {
  op: string;
  template?: string;
  command?: string[];
  values?: TemplateValues;
  force_yaml_string_quotes?: boolean;
  default_list_delimiter?: string;
  old_server?: boolean;
}

export function dockerTemplate(input: TemplateInput): unknown {
  if (input.force_yaml_string_quotes) return undefined;
  if (input.op === 'text') {
    return resolveTemplate(input.template ?? '', input.values ?? {}, input.default_list_delimiter);
  }
  return input.old_server ? input.command : resolveTemplates(input.command ?? [], input.values ?? {});
}
