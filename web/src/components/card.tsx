import type { ComponentChildren } from 'preact';

interface CardProps {
  title: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
}

export function Card({ title, actions, children }: CardProps) {
  return (
    <section class="card">
      <header class="card-head">
        <h2>{title}</h2>
        <div class="actions">{actions}</div>
      </header>
      <div class="card-body">{children}</div>
    </section>
  );
}
