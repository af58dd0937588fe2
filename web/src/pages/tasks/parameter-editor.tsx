import { emptyRow, type ParameterRow } from './parameter-rows.js';

interface EditorProps {
  rows: readonly ParameterRow[];
  onChange: (rows: readonly ParameterRow[]) => void;
}

const FIELDS = [
  ['section', 'Section'],
  ['name', 'Name'],
  ['value', 'Value'],
] as const;

/** A line for each parameter: section, name, value. */
export function ParameterEditor({ rows, onChange }: EditorProps) {
  const change = (key: number, patch: Partial<ParameterRow>) =>
    onChange(rows.map((row) => (row.key === key ? { ...row, ...patch } : row)));
  return (
    <div class="parameter-editor">
      {rows.map((row) => (
        <div class="parameter-row" key={row.key}>
          {FIELDS.map(([field, title]) => (
            <input
              key={field}
              class="input mono"
              aria-label={
                field === 'value' ? `Value of ${row.name || 'the new parameter'}` : `${title} ${row.key + 1}`
              }
              placeholder={title}
              value={row[field]}
              spellcheck={false}
              onInput={(event) => change(row.key, { [field]: event.currentTarget.value })}
            />
          ))}
          <button
            type="button"
            class="icon-button"
            aria-label={`Remove ${row.name || 'the parameter'}`}
            onClick={() => onChange(rows.filter(({ key }) => key !== row.key))}
          >
            ×
          </button>
        </div>
      ))}
      <button type="button" class="button small" onClick={() => onChange([...rows, emptyRow(rows)])}>
        Add a parameter
      </button>
    </div>
  );
}
