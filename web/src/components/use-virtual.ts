import {
  elementScroll,
  measureElement,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core';
import { useCallback, useLayoutEffect, useReducer, useRef } from 'preact/hooks';

interface VirtualOptions {
  count: number;
  /** Height of a row in pixels, until it is measured. */
  rowHeight: number;
  /** The key of the first row; those of the others follow. It stays with a row when others come before it. */
  firstKey: number;
  /** Shows rows that are added at the end, if the end was in sight. */
  follows: boolean;
}

interface VirtualRows {
  frame: { current: HTMLElement | null };
  virtual: Virtualizer<HTMLElement, Element>;
}

/** The rows of a long list that are in sight. Rows that come before them do not move them. */
export function useVirtual({ count, rowHeight, firstKey, follows }: VirtualOptions): VirtualRows {
  const frame = useRef<HTMLElement>(null);
  const [, redraw] = useReducer((turn: number) => turn + 1, 0);
  // A new function makes the library measure all rows again.
  const keyOf = useCallback((index: number) => firstKey + index, [firstKey]);
  const heightOf = useCallback(() => rowHeight, [rowHeight]);
  const options = {
    count,
    getScrollElement: () => frame.current,
    estimateSize: heightOf,
    getItemKey: keyOf,
    overscan: 16,
    anchorTo: 'end' as const,
    followOnAppend: follows,
    scrollEndThreshold: 40,
    observeElementRect,
    observeElementOffset,
    measureElement,
    scrollToFn: elementScroll,
    onChange: () => redraw(undefined),
  };
  const kept = useRef<Virtualizer<HTMLElement, Element> | undefined>(undefined);
  kept.current ??= new Virtualizer(options);
  const virtual = kept.current;
  virtual.setOptions(options);
  useLayoutEffect(() => virtual._didMount(), [virtual]);
  useLayoutEffect(() => virtual._willUpdate());
  return { frame, virtual };
}
