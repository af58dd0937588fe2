import type { ComponentChildren } from 'preact';

/** A column of a table over rows of the type T. */
export interface Column<T> {
  key: string;
  title: string;
  cell: (row: T) => ComponentChildren;
  /** The field by which the server sorts; none: the column does not sort. */
  sortBy?: string;
  /** Figures: to the right, digits of one width. */
  isNumber?: boolean;
  /** The column that may take the room that is left. */
  isWide?: boolean;
}

interface TableProps<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  /** A field, with `-` before it for descending order. */
  sort?: string;
  onSort?: (sort: string) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (selected: ReadonlySet<string>) => void;
  /** Names a row to screen readers, where rows can be selected. */
  nameOf?: (row: T) => string;
  isStale?: boolean;
}

export function Table<T>(props: TableProps<T>) {
  const { label, columns, rows, keyOf, isStale } = props;
  return (
    <div class={isStale === true ? 'table-frame stale' : 'table-frame'}>
      <table class="table" aria-label={label}>
        <thead>
          <tr>
            <SelectAll {...props} />
            {columns.map((column) => (
              <Head key={column.key} column={column} {...props} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={props.selected?.has(keyOf(row)) === true ? 'selected' : undefined}>
              <SelectOne row={row} {...props} />
              {columns.map((column) => (
                <td key={column.key} class={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf<T>({ isNumber, isWide }: Column<T>): string | undefined {
  if (isNumber === true) return 'number';
  return isWide === true ? 'wide' : undefined;
}

function Head<T>({ column, sort, onSort }: { column: Column<T> } & Pick<TableProps<T>, 'sort' | 'onSort'>) {
  const { sortBy, title } = column;
  if (sortBy === undefined || onSort === undefined) return <th class={classOf(column)}>{title}</th>;
  const isUp = sort === sortBy;
  const isDown = sort === `-${sortBy}`;
  return (
    <th class={classOf(column)} aria-sort={isUp ? 'ascending' : isDown ? 'descending' : 'none'}>
      <button type="button" class="sort" onClick={() => onSort(isDown ? sortBy : `-${sortBy}`)}>
        {title}
        <span aria-hidden="true" class="sort-mark">
          {isUp ? '↑' : isDown ? '↓' : ''}
        </span>
      </button>
    </th>
  );
}

function SelectAll<T>({ rows, keyOf, selected, onSelect }: TableProps<T>) {
  if (selected === undefined || onSelect === undefined) return null;
  const isAll = rows.length > 0 && rows.every((row) => selected.has(keyOf(row)));
  return (
    <th class="pick">
      <input
        type="checkbox"
        aria-label="Select all rows of this page"
        checked={isAll}
        indeterminate={!isAll && selected.size > 0}
        onChange={() => onSelect(isAll ? new Set() : new Set(rows.map(keyOf)))}
      />
    </th>
  );
}

function SelectOne<T>({ row, keyOf, selected, onSelect, nameOf }: { row: T } & TableProps<T>) {
  if (selected === undefined || onSelect === undefined) return null;
  const key = keyOf(row);
  const toggle = () => {
    const next = new Set(selected);
    if (!next.delete(key)) next.add(key);
    onSelect(next);
  };
  return (
    <td class="pick">
      <input
        type="checkbox"
        aria-label={`Select ${nameOf?.(row) ?? key}`}
        checked={selected.has(key)}
        onChange={toggle}
      />
    </td>
  );
}
