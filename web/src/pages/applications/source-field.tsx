import { useState } from 'preact/hooks';
import { useQuery } from '../../api/use-query.js';
import { SelectField } from '../../components/fields.js';
import { askChoices } from './apps-api.js';

interface SourceProps {
  label: string;
  hint: string | undefined;
  error: string | undefined;
  app: string;
  version: string;
  /** The path of the field's names. */
  field: string;
  isSearched: boolean;
  value: string;
  onChange: (value: string) => void;
}

/** A dropdown of objects of the server. */
export function SourceField({
  app,
  version,
  field,
  isSearched,
  value,
  onChange,
  error,
  ...texts
}: SourceProps) {
  const [search, setSearch] = useState('');
  const { data, error: failure } = useQuery(`choices ${app} ${version} ${field} ${search}`, (signal) =>
    askChoices({ app, version, field, search }, signal),
  );
  const choices = data?.choices ?? [];
  const known = choices.some((choice) => choice.value === value);
  const options = [
    ...(value === '' ? [['', data === undefined ? 'Loading…' : 'Choose'] as const] : []),
    ...(value !== '' && !known ? [[value, value] as const] : []),
    ...choices.map((choice) => [choice.value, choice.label] as const),
  ];
  const note = data?.choices.length === 0 ? 'There is nothing to choose from.' : undefined;
  return (
    <div class="source-field">
      <SelectField
        {...texts}
        hint={texts.hint ?? note}
        error={error ?? (failure === undefined ? undefined : String(failure))}
        value={value}
        onChange={onChange}
        options={options}
      />
      {(isSearched || data?.more === true || search !== '') && (
        <input
          class="input"
          type="search"
          aria-label={`Find in ${texts.label}`}
          placeholder="Find"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      )}
    </div>
  );
}
