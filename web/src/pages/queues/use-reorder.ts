import { useEffect, useRef, useState } from 'preact/hooks';

/** A list in which one item has gone from a place to another. */
export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const rest = items.toSpliced(from, 1);
  return rest.toSpliced(to, 0, ...items.slice(from, from + 1));
}

/** Where a key takes an item. */
const KEYS: Readonly<Record<string, (index: number, count: number) => number>> = {
  ArrowUp: (index) => index - 1,
  ArrowDown: (index) => index + 1,
  Home: () => 0,
  End: (_index, count) => count - 1,
};

/** Reordering of a list by drag, by touch and by keys, on the handles of its items. */
export function useReorder(move: (from: number, to: number) => Promise<void>) {
  const [drag, setDrag] = useState<{ from: number; over: number }>();
  const list = useRef<HTMLOListElement>(null);
  /** Place of the handle that keeps the focus when its item has moved. */
  const [focus, setFocus] = useState<number>();
  useEffect(() => {
    if (focus === undefined) return;
    list.current?.children[focus]?.querySelector<HTMLElement>('.handle')?.focus();
    setFocus(undefined);
  }, [focus]);
  const end = (isDropped: boolean) => {
    setDrag(undefined);
    if (isDropped && drag !== undefined) void move(drag.from, drag.over);
  };
  return {
    list,
    isDragging: drag !== undefined,
    classOf: (index: number) => {
      if (drag === undefined || drag.over === drag.from) return 'entry';
      if (index === drag.from) return 'entry dragged';
      if (index !== drag.over) return 'entry';
      return drag.over < drag.from ? 'entry drop-before' : 'entry drop-after';
    },
    rowProps: (index: number) => ({ 'data-place': index }),
    /** Pointer events: unlike the browser's own dragging they work by touch, too. */
    handleProps: (index: number, count: number) => ({
      onPointerDown: (event: PointerEvent & { currentTarget: HTMLElement }) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: index, over: index });
      },
      onPointerMove: (event: PointerEvent) => {
        const over = placeAt(list.current, event.clientY);
        if (drag !== undefined && over !== undefined && over !== drag.over) setDrag({ ...drag, over });
      },
      onPointerUp: () => end(true),
      onPointerCancel: () => end(false),
      onKeyDown: (event: KeyboardEvent) => {
        const target = KEYS[event.key]?.(index, count);
        if (event.key === 'Escape') end(false);
        if (target === undefined) return;
        event.preventDefault();
        if (target < 0 || target >= count) return;
        void move(index, target);
        setFocus(target);
      },
    }),
  };
}

/** The item at a height of the window; the first or last beyond the ends. */
function placeAt(list: HTMLElement | null, y: number): number | undefined {
  const items = [...(list?.children ?? [])];
  if (items.length === 0) return undefined;
  const below = items.findIndex((item) => y < item.getBoundingClientRect().bottom);
  return below === -1 ? items.length - 1 : below;
}
