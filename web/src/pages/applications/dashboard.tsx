import type { FunctionComponent } from 'preact';
import { lazy } from 'preact-iso';
import type { DashboardElement, DashboardLine } from '../../../../src/server/apps/format/definition.js';
import type { Task } from '../../api/task.js';
import type { Instance } from './apps-api.js';
import { ConfigurationElement, HyperparameterElement, ScalarElement } from './fact-elements.js';
import { ElementFrame } from './html-frame.js';
import { HistogramElement, ImagesElement, PlotElement } from './result-elements.js';

const Console = lazy(() => import('../console/console-tab.js'));

export interface ElementProps {
  instance: Instance;
  element: DashboardElement;
  /** Pixels for a chart, where the line has a height. */
  height: number | undefined;
}

function LogElement({ instance }: ElementProps) {
  return <Console task={{ ...instance, type: 'application' } as unknown as Task} reload={() => undefined} />;
}

const ELEMENTS: Readonly<Record<Exclude<DashboardElement['type'], 'html'>, FunctionComponent<ElementProps>>> =
  {
    'scalar-histogram': HistogramElement,
    plot: PlotElement,
    'debug-images': ImagesElement,
    log: LogElement,
    scalar: ScalarElement,
    hyperparameter: HyperparameterElement,
    configuration: ConfigurationElement,
  };

/** Room of an element for its title and its edges. */
const FRAME_PX = 62;

/** The lines of a dashboard, each with its elements side by side. */
export function Dashboard({ instance, lines }: { instance: Instance; lines: readonly DashboardLine[] }) {
  return (
    <div class="dashboard">
      {lines.map(({ style, contents }, line) => {
        const height = /^(\d+)px$/.exec(style.height ?? '')?.[1];
        const room = height === undefined ? undefined : Math.max(Number(height) - FRAME_PX, 60);
        return (
          <div
            key={line}
            class={height === undefined ? 'dashboard-line' : 'dashboard-line sized'}
            style={style}
          >
            {contents.map((element, index) => (
              <section key={index} class={`card app-element element-${element.type}`}>
                {element.title !== '' && <h2>{element.title}</h2>}
                <Body instance={instance} element={element} height={room} line={line} index={index} />
              </section>
            ))}
          </div>
        );
      })}
    </div>
  );
}

function Body({ line, index, ...props }: ElementProps & { line: number; index: number }) {
  const { element, instance } = props;
  if (element.type === 'html')
    return (
      <ElementFrame
        task={instance.id}
        line={line}
        element={index}
        title={element.title}
        text={element.text ?? ''}
      />
    );
  const Element = ELEMENTS[element.type];
  return <Element {...props} />;
}
