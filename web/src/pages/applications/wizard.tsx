import type { ValueMap, WizardField } from '../../../../src/server/apps/format/definition.js';
import { CheckField, SelectField, TextField } from '../../components/fields.js';
import { type Raw, type RawMap, shownFields, shownValue, titleOf } from './form-state.js';
import { ListField } from './list-field.js';
import { SourceField } from './source-field.js';

export interface WizardContext {
  app: string;
  version: string;
  /** What is wrong, by the path of the field. */
  problems: Readonly<Record<string, string>>;
  /** Which of the problems are shown already. */
  isShownProblem: (path: string) => boolean;
}

export interface FieldsProps {
  fields: readonly WizardField[];
  raw: RawMap;
  /** Checked values of these fields and of those around. */
  values: ValueMap;
  onChange: (name: string, value: Raw) => void;
  context: WizardContext;
  /** Before the names of fields: empty, or of a list's item. */
  path: string;
  /** The path of names, for the choices. */
  names: string;
}

/** The fields of a form, or of an item of a list. */
export function WizardFields(props: FieldsProps) {
  const { fields, values } = props;
  return (
    <div class="wizard-fields">
      {shownFields(fields, values).map((field) =>
        field.type === 'group' ? (
          <Group key={field.name} group={field} {...props} />
        ) : (
          <OneField key={field.name} field={field} {...props} />
        ),
      )}
    </div>
  );
}

function Group({ group, ...props }: FieldsProps & { group: WizardField }) {
  const body = (
    <>
      {group.info !== undefined && <p class="hint">{group.info}</p>}
      <WizardFields {...props} fields={group.item_template ?? []} />
    </>
  );
  if (group.collapsible)
    return (
      <details class="wizard-group">
        <summary>{titleOf(group, props.raw, props.values, group.title)}</summary>
        {body}
      </details>
    );
  return (
    <fieldset class="wizard-group">
      <legend>{group.title}</legend>
      {body}
    </fieldset>
  );
}

function OneField({ field, ...props }: FieldsProps & { field: WizardField }) {
  const { raw, values, onChange, context, path, names } = props;
  const at = path + field.name;
  const error = context.isShownProblem(at) ? sentence(context.problems[at]) : undefined;
  const value = shownValue(field, raw, values);
  const label = field.required ? `${field.title} *` : field.title;
  const shared = { label, hint: field.info, error };
  const change = (next: Raw) => onChange(field.name, next);
  if (field.type === 'list')
    return (
      <ListField
        {...props}
        list={field}
        rows={Array.isArray(value) ? value : []}
        error={error}
        onRows={change}
      />
    );
  if (field.type === 'checkbox')
    return (
      <div class="field">
        <CheckField label={field.title} checked={value === true || value === 'true'} onChange={change} />
        <div class={error === undefined ? 'hint' : 'hint bad'}>{error ?? field.info}</div>
      </div>
    );
  if (field.type === 'dropdown')
    return (
      <Dropdown
        {...shared}
        field={field}
        context={context}
        names={names}
        value={String(value)}
        onChange={change}
      />
    );
  const isNumber = field.type === 'integer' || field.type === 'float';
  return (
    <TextField
      {...shared}
      value={String(value)}
      onInput={change}
      rows={field.type === 'multiline_text' ? 5 : 1}
      mono={field.type === 'multiline_text' || isNumber}
      {...(field.placeholder === undefined ? {} : { placeholder: field.placeholder })}
    />
  );
}

interface DropdownProps extends Pick<FieldsProps, 'context' | 'names'> {
  field: WizardField;
  label: string;
  hint: string | undefined;
  error: string | undefined;
  value: string;
  onChange: (value: string) => void;
}

function Dropdown({ field, context, names, ...shared }: DropdownProps) {
  const { choices, placeholder = 'Choose', autocomplete } = field;
  if (!Array.isArray(choices)) {
    const { app, version } = context;
    return (
      <SourceField
        {...shared}
        field={names + field.name}
        app={app}
        version={version}
        isSearched={autocomplete}
      />
    );
  }
  const options = choices.map((choice) => [String(choice), String(choice)] as const);
  const first = shared.value === '' ? [['', placeholder] as const] : [];
  return <SelectField {...shared} options={[...first, ...options]} />;
}

/** A message of the check as it stands below a field. */
function sentence(problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${problem.slice(0, 1).toUpperCase()}${problem.slice(1)}.`;
}
