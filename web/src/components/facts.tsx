import { type ComponentChildren, toChildArray, type VNode } from 'preact';

/** Names and values; what has no value is left out. */
export function Facts({
  children,
  empty = 'Nothing is set.',
}: {
  children: ComponentChildren;
  empty?: string;
}) {
  const facts = toChildArray(children).filter((child) => hasValue(child as VNode<{ children?: unknown }>));
  return facts.length === 0 ? <p class="faint">{empty}</p> : <dl class="facts">{facts}</dl>;
}

function hasValue({ props }: VNode<{ children?: unknown }>): boolean {
  return ![undefined, null, '', false].includes(props.children as string);
}

export function Fact({ name, children }: { name: string; children?: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
