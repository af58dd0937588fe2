import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  /** The label is for screen readers only. */
  hideLabel?: boolean;
}

interface TextFieldProps extends FieldProps {
  value: string;
  onInput: (value: string) => void;
  type?: 'text' | 'password' | 'search' | 'number';
  placeholder?: string;
  required?: boolean;
  autocomplete?: string;
  /** More than 1: a field of that many lines. */
  rows?: number;
  mono?: boolean;
  /** Values that may be chosen instead of typed. */
  suggestions?: readonly string[];
}

export function TextField({
  value,
  onInput,
  rows = 1,
  mono,
  suggestions,
  type = 'text',
  placeholder,
  required,
  autocomplete,
  ...field
}: TextFieldProps) {
  const id = useId();
  const shared = {
    id,
    value,
    placeholder,
    required,
    class: mono === true ? 'input mono' : 'input',
    'aria-invalid': field.error !== undefined,
    'aria-describedby': `${id}-hint`,
    onInput: (event: { currentTarget: { value: string } }) => onInput(event.currentTarget.value),
  };
  return (
    <Labelled id={id} {...field}>
      {rows > 1 ? (
        <textarea {...shared} rows={rows} spellcheck={false} />
      ) : (
        <input
          {...shared}
          type={type as 'text'}
          autocomplete={(autocomplete ?? 'off') as 'off'}
          list={suggestions === undefined ? undefined : `${id}-list`}
        />
      )}
      {suggestions !== undefined && (
        <datalist id={`${id}-list`}>
          {suggestions.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
    </Labelled>
  );
}

interface SelectFieldProps extends FieldProps {
  value: string;
  onChange: (value: string) => void;
  /** Value and text. */
  options: readonly (readonly [string, string])[];
}

export function SelectField({ value, onChange, options, ...field }: SelectFieldProps) {
  const id = useId();
  return (
    <Labelled id={id} {...field}>
      <select id={id} class="input" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

interface CheckFieldProps {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function CheckField({ label, checked, onChange }: CheckFieldProps) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  );
}

function Labelled({
  id,
  label,
  hint,
  error,
  hideLabel,
  children,
}: FieldProps & { id: string; children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={id} class={hideLabel === true ? 'visually-hidden' : undefined}>
        {label}
      </label>
      {children}
      <div id={`${id}-hint`} class={error === undefined ? 'hint' : 'hint bad'}>
        {error ?? hint}
      </div>
    </div>
  );
}
