import { Fact, Facts } from '../../components/facts.js';
import { figure } from '../../components/figure.js';
import type { ElementProps } from './dashboard.js';

/** The last values of metrics. */
export function ScalarElement({ instance, element: { metric, variant } }: ElementProps) {
  const found = Object.values(instance.last_metrics)
    .flatMap((variants) => Object.values(variants))
    .filter((one) => matches(metric, one.metric) && matches(variant, one.variant));
  if (found.length === 0) return <Nothing />;
  return (
    <div class="app-scalars">
      {found.map(({ metric: name, variant: kind, value }) => (
        <div key={`${name} ${kind}`}>
          <div class="app-figure">{figure(value)}</div>
          <div class="faint">{name === kind ? name : `${name} / ${kind}`}</div>
        </div>
      ))}
    </div>
  );
}

/** Hyper-parameters of a section, or of all of them. */
export function HyperparameterElement({ instance, element: { section, name } }: ElementProps) {
  const found = Object.entries(instance.hyperparams)
    .filter(([one]) => section === undefined || one === section)
    .flatMap(([one, items]) => Object.values(items).map((item) => ({ section: one, ...item })))
    .filter((item) => matches(name, item.name));
  if (found.length === 0) return <Nothing />;
  return (
    <Facts>
      {found.map((item) => (
        <Fact key={`${item.section} ${item.name}`} name={item.name}>
          {item.value}
        </Fact>
      ))}
    </Facts>
  );
}

export function ConfigurationElement({ instance, element: { name } }: ElementProps) {
  const found = Object.values(instance.configuration).filter((item) => matches(name, item.name));
  if (found.length === 0) return <Nothing />;
  return (
    <>
      {found.map((item) => (
        <pre key={item.name} class="app-text mono">
          {item.value}
        </pre>
      ))}
    </>
  );
}

/** Without names all of them are meant. */
export function matches(names: readonly string[], name: string): boolean {
  return names.length === 0 || names.includes(name);
}

export function Nothing() {
  return <p class="faint app-nothing">Nothing is reported yet.</p>;
}
