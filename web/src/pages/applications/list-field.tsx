import { checkParameters } from '../../../../src/server/apps/form/check-parameters.js';
import type { WizardField } from '../../../../src/server/apps/format/definition.js';
import { parametersOf, type RawMap, titleOf } from './form-state.js';
import { type FieldsProps, WizardFields } from './wizard.js';

interface ListProps extends FieldsProps {
  list: WizardField;
  rows: readonly RawMap[];
  error: string | undefined;
  onRows: (rows: RawMap[]) => void;
}

/** Fields that are filled in as often as wanted. */
export function ListField({ list, rows, error, onRows, ...props }: ListProps) {
  const replace = (index: number, row: RawMap) => onRows(rows.map((one, at) => (at === index ? row : one)));
  return (
    <fieldset class="wizard-group">
      <legend>{list.required ? `${list.title} *` : list.title}</legend>
      {list.info !== undefined && <p class="hint">{list.info}</p>}
      {rows.map((row, index) => (
        <Item
          key={index}
          {...props}
          list={list}
          row={row}
          index={index}
          onRow={(next) => replace(index, next)}
          onRemove={() => onRows(rows.filter((_one, at) => at !== index))}
        />
      ))}
      <div>
        <button type="button" class="button small" onClick={() => onRows([...rows, {}])}>
          Add
        </button>
      </div>
      {error !== undefined && <div class="hint bad">{error}</div>}
    </fieldset>
  );
}

interface ItemProps extends FieldsProps {
  list: WizardField;
  row: RawMap;
  index: number;
  onRow: (row: RawMap) => void;
  onRemove: () => void;
}

function Item({ list, row, index, onRow, onRemove, ...props }: ItemProps) {
  const fields = list.item_template ?? [];
  const own = checkParameters(fields, parametersOf(fields, row)).values;
  const values = { ...props.values, ...own };
  const title = titleOf(list, row, values, `${list.title} ${index + 1}`);
  const body = (
    <WizardFields
      {...props}
      fields={fields}
      raw={row}
      values={values}
      onChange={(name, value) => onRow({ ...row, [name]: value })}
      path={`${props.path}${list.name}.${index}.`}
      names={`${props.names}${list.name}/`}
    />
  );
  return (
    <div class="wizard-item">
      {list.collapsible ? (
        <details open>
          <summary>{title}</summary>
          {body}
        </details>
      ) : (
        body
      )}
      <button type="button" class="icon-button" aria-label={`Remove ${title}`} onClick={onRemove}>
        ×
      </button>
    </div>
  );
}
