import { useRef, useState } from 'preact/hooks';
import { useAddress } from '../../api/address.js';
import { reasonOf } from '../../api/failure.js';
import { useQuery } from '../../api/use-query.js';
import { at } from '../../base.js';
import { Dialog } from '../../components/dialog.js';
import { PageHead } from '../../components/page-head.js';
import { Empty, ErrorNote, Loading } from '../../components/states.js';
import { toast } from '../../components/toast.js';
import { AppIcon } from './app-icon.js';
import { type AppSummary, askApps, uploadApp } from './apps-api.js';
import './applications.css';

const OTHERS = 'Other';

/** All applications by category. */
export default function Gallery() {
  const { data: apps, error, reload } = useQuery('apps', askApps);
  return (
    <>
      <PageHead title="Applications">
        <Upload onDone={reload} />
      </PageHead>
      {apps === undefined ? (
        error === undefined ? (
          <Loading label="Loading the applications" />
        ) : (
          <ErrorNote error={error} onRetry={reload} />
        )
      ) : (
        <Categories apps={apps} />
      )}
    </>
  );
}

function Categories({ apps }: { apps: readonly AppSummary[] }) {
  const address = useAddress();
  const names = [...new Set(apps.map(categoryOf))];
  const chosen = address.get('category');
  if (apps.length === 0)
    return (
      <Empty title="There are no applications yet.">
        <p>
          An application is a task with a form and a dashboard. Upload its archive here, or with{' '}
          <code>agent app upload</code>.
        </p>
      </Empty>
    );
  return (
    <>
      {names.length > 1 && (
        <nav class="toolbar" aria-label="Categories">
          {['', ...names].map((name) => (
            <button
              type="button"
              key={name}
              class={(chosen ?? '') === name ? 'button small chosen' : 'button small'}
              aria-pressed={(chosen ?? '') === name}
              onClick={() => address.set({ category: name })}
            >
              {name === '' ? 'All' : name}
            </button>
          ))}
        </nav>
      )}
      {names
        .filter((name) => chosen === undefined || chosen === name)
        .map((name) => (
          <section key={name} class="app-category">
            {names.length > 1 && <h2>{name}</h2>}
            <ul class="app-grid">
              {apps
                .filter((app) => categoryOf(app) === name)
                .map((app) => (
                  <Tile key={app.id} app={app} />
                ))}
            </ul>
          </section>
        ))}
    </>
  );
}

function categoryOf({ category }: AppSummary): string {
  return category === '' ? OTHERS : category;
}

function Tile({ app }: { app: AppSummary }) {
  return (
    <li class="card app-tile">
      <div class="app-tile-head">
        <AppIcon app={app.id} version={app.version} name={app.name} icon={app.icon} />
        <div>
          <h3>
            <a href={at(`/applications/${app.id}`)}>{app.name}</a>
          </h3>
          <p class="faint">{[app.provider, app.version].filter(Boolean).join(' · ')}</p>
        </div>
      </div>
      <p class="app-description">{app.description}</p>
      <div class="app-tile-foot">
        {app.badges.map((badge) => (
          <span class="tag" key={badge}>
            {badge}
          </span>
        ))}
        <span class="grow" />
        <a
          class="button small primary"
          href={at(`/applications/${app.id}/launch`)}
          aria-label={`Launch ${app.name}`}
        >
          Launch
        </a>
      </div>
    </li>
  );
}

/** Chooses an archive and uploads it; what is wrong with it is shown line by line. */
function Upload({ onDone }: { onDone: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string>();
  const upload = async (file: File | undefined) => {
    if (file === undefined) return;
    try {
      const { id, version, replaced } = await uploadApp(file);
      toast(`${replaced ? 'Replaced' : 'Uploaded'} ${id} ${version}`);
      onDone();
    } catch (error) {
      setProblem(reasonOf(error));
    }
    if (input.current !== null) input.current.value = '';
  };
  return (
    <>
      <input
        ref={input}
        class="visually-hidden"
        type="file"
        accept=".zip"
        aria-label="Archive of an application"
        tabIndex={-1}
        onChange={(event) => void upload(event.currentTarget.files?.[0])}
      />
      <button type="button" class="button" onClick={() => input.current?.click()}>
        Upload
      </button>
      {problem !== undefined && (
        <Dialog title="The application was not uploaded" wide onClose={() => setProblem(undefined)}>
          <ul class="app-problems">
            {linesOf(problem).map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </Dialog>
      )}
    </>
  );
}

/** The server sends the errors of a file as a list at the end of its message. */
function linesOf(message: string): string[] {
  const list = /errors=(\[.*\])$/s.exec(message)?.[1];
  try {
    if (list !== undefined) return JSON.parse(list) as string[];
  } catch {
    // It is shown as it came.
  }
  return [message];
}
