import { useEffect, useState } from 'preact/hooks';
import type { useAddress } from '../../api/address.js';
import { call } from '../../api/client.js';
import type { Named } from '../../api/task.js';
import { useQuery } from '../../api/use-query.js';
import { SelectField } from '../../components/fields.js';
import { Checks, Choices, ChoicesMenu } from '../../components/menu.js';
import { ErrorNote, Loading } from '../../components/states.js';
import { STATUSES } from '../../components/status-badge.js';
import { askColumns } from './extra-columns.js';
import type { ListState } from './list-query.js';

interface FilterProps {
  state: ListState;
  address: ReturnType<typeof useAddress>;
}

/** A change of a filter shows the first page. */
export function Filters({ state, address }: FilterProps) {
  const { data: choices } = useQuery('filter-choices', askChoices);
  const filter = (patch: Parameters<typeof address.set>[0]) => address.set({ ...patch, page: undefined });
  const named = (all: readonly Named[] = []) => all.map(({ id, name = id }) => [id, name] as const);
  return (
    <search class="toolbar" aria-label="Filter tasks">
      <SearchBox text={state.text} onText={(q) => filter({ q })} />
      <SelectField
        label="Project"
        hideLabel
        value={state.project ?? ''}
        onChange={(project) => filter({ project })}
        options={[['', 'All projects'], ...named(choices?.projects)]}
      />
      <Choices
        label="Status"
        options={STATUSES}
        chosen={state.statuses}
        onChange={(status) => filter({ status })}
      />
      <Choices
        label="Tags"
        options={(choices?.tags ?? []).map((tag) => [tag, tag])}
        chosen={state.tags}
        onChange={(tag) => filter({ tag })}
      />
      {(choices?.users ?? []).length > 1 && (
        <SelectField
          label="User"
          hideLabel
          value={state.user ?? ''}
          onChange={(user) => filter({ user })}
          options={[['', 'All users'], ...named(choices?.users)]}
        />
      )}
      <span class="grow" />
      <ChoicesMenu
        label="Columns"
        chosen={state.columns.map(({ word }) => word)}
        onChange={(words) => address.set({ columns: words })}
      >
        {(toggle) => <ColumnChecks state={state} onToggle={toggle} />}
      </ChoicesMenu>
      <button
        type="button"
        class={state.isArchive ? 'button chosen' : 'button'}
        aria-pressed={state.isArchive}
        onClick={() => filter({ archive: state.isArchive ? undefined : '1' })}
      >
        Archive
      </button>
    </search>
  );
}

/** Asked when they are looked at: names of metrics take a look at every task. */
function ColumnChecks({ state, onToggle }: { state: ListState; onToggle: (word: string) => void }) {
  const { data: columns, error } = useQuery(`columns ${state.project}`, (signal) =>
    askColumns(state.project, signal),
  );
  if (error !== undefined) return <ErrorNote error={error} />;
  if (columns === undefined) return <Loading label="Loading the columns" />;
  return (
    <Checks
      options={columns.map(({ word, title, group }) => [
        word,
        `${group === 'Metrics' ? 'Metric' : 'Parameter'}: ${title}`,
      ])}
      chosen={state.columns.map(({ word }) => word)}
      onToggle={onToggle}
    />
  );
}

const TYPING_MS = 250;

/** Searches when the typing pauses. */
function SearchBox({ text = '', onText }: { text: string | undefined; onText: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  useEffect(() => {
    if (typed === text) return;
    const timer = setTimeout(() => onText(typed), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, text, onText]);
  return (
    <input
      class="input search"
      type="search"
      aria-label="Find by name, id, tag or comment"
      placeholder="Find by name, id, tag or comment"
      value={typed}
      onInput={(event) => setTyped(event.currentTarget.value)}
    />
  );
}

interface FilterChoices {
  projects: Named[];
  users: Named[];
  tags: string[];
}

async function askChoices(signal: AbortSignal): Promise<FilterChoices> {
  const [{ projects }, { users }, { tags }] = await Promise.all([
    call<{ projects: Named[] }>(
      'projects.get_all',
      { only_fields: ['id', 'name'], order_by: ['name'] },
      { signal },
    ),
    call<{ users: Named[] }>('projects.get_user_names', {}, { signal }),
    call<{ tags: string[] }>('projects.get_task_tags', {}, { signal }),
  ]);
  return { projects, users, tags };
}
