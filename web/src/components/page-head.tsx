import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

interface PageHeadProps {
  title: string;
  /** Before the title: where the page belongs. */
  crumb?: ComponentChildren;
  /** Beside the title. */
  beside?: ComponentChildren;
  /** Buttons at the end of the line. */
  children?: ComponentChildren;
}

/** The first heading of a page, which is also the title of the window. */
export function PageHead({ title, crumb, beside, children }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} · ClearML server`;
  }, [title]);
  return (
    <header class="page-head">
      <div class="page-head-text">
        {crumb !== undefined && <div class="crumb">{crumb}</div>}
        <h1>{title}</h1>
        {beside}
      </div>
      <div class="actions">{children}</div>
    </header>
  );
}
