import type { ComponentChildren, RefObject } from 'preact';

interface ScrollRegionProps {
  label: string;
  class: string;
  /** Reaches the element. */
  frame?: RefObject<HTMLElement | null>;
  children: ComponentChildren;
}

/** What scrolls by itself: the keyboard must reach it. */
export function ScrollRegion({ label, class: className, frame, children }: ScrollRegionProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys scroll what has the focus
    <section ref={frame ?? null} class={className} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
