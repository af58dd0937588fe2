import { useMemo, useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { checkParameters } from '../../../../src/server/apps/form/check-parameters.js';
import { useAddress } from '../../api/address.js';
import { call } from '../../api/client.js';
import { reasonOf } from '../../api/failure.js';
import { useKept } from '../../api/use-kept.js';
import { useQuery } from '../../api/use-query.js';
import { at } from '../../base.js';
import { SelectField, TextField } from '../../components/fields.js';
import { PageHead } from '../../components/page-head.js';
import { ErrorNote, Loading } from '../../components/states.js';
import { toast } from '../../components/toast.js';
import { type App, askApp, askInstance } from './apps-api.js';
import { fittingOf, parametersOf, type RawMap, rawMapOf } from './form-state.js';
import { type FieldsProps, WizardFields } from './wizard.js';
import './applications.css';

interface Start {
  app: App;
  raw: RawMap;
  name: string;
}

/** The form of an application; `?from=` fills it with the parameters of an instance, `?version=` chooses a version. */
export default function LaunchPage() {
  const { id = '' } = useRoute().params;
  const address = useAddress();
  const from = address.get('from');
  const version = address.get('version');
  const { data, error, reload } = useQuery(
    `launch ${id} ${version} ${from}`,
    async (signal): Promise<Start> => {
      const source = from === undefined ? undefined : await askInstance(from, signal);
      const app = await askApp(id, version ?? source?.app.version, signal);
      return {
        app,
        raw: rawMapOf(source?.instance.parameters ?? {}),
        name: source === undefined ? '' : `Clone of ${source.instance.name}`,
      };
    },
  );
  if (data !== undefined) return <LaunchForm key={`${data.app.id} ${from}`} {...data} from={from} />;
  return (
    <>
      <PageHead title="Launch" crumb={<a href={at('/applications')}>Applications</a>} />
      {error === undefined ? (
        <Loading label="Loading the form" />
      ) : (
        <ErrorNote error={error} onRetry={reload} />
      )}
    </>
  );
}

function LaunchForm({ from, ...start }: Start & { from: string | undefined }) {
  const { app } = start;
  const address = useAddress();
  const form = useLaunchForm(start, from);
  return (
    <>
      <FormHead app={app} isClone={from !== undefined} />
      <form class="wizard card" onSubmit={form.launch} noValidate>
        <TextField
          label="Name of the instance"
          value={form.name}
          onInput={form.setName}
          placeholder={`${app.name} and the time`}
        />
        {from === undefined && app.versions.length > 1 && (
          <SelectField
            label="Version"
            value={app.version}
            onChange={(version) => address.set({ version })}
            options={app.versions.map((version) => [version, version] as const)}
          />
        )}
        <WizardFields {...form.fields} />
        {form.refusal !== undefined && <ErrorNote error={form.refusal} />}
        <div class="dialog-foot">
          <a class="button" href={at(`/applications/${app.id}`)}>
            Cancel
          </a>
          <button type="submit" class="button primary" disabled={form.isSending}>
            Launch
          </button>
        </div>
      </form>
    </>
  );
}

function FormHead({ app, isClone }: { app: App; isClone: boolean }) {
  return (
    <PageHead
      title={isClone ? `Clone an instance of ${app.name}` : `Launch ${app.name}`}
      crumb={
        <>
          <a href={at('/applications')}>Applications</a> /{' '}
          <a href={at(`/applications/${app.id}`)}>{app.name}</a>
        </>
      }
    />
  );
}

type Filled = Pick<Start, 'raw' | 'name'>;

/** What is filled in, what is wrong with it, and the launch. */
function useLaunchForm({ app, raw: startRaw, name: startName }: Start, from: string | undefined) {
  const { route } = useLocation();
  const [filled, setFilled] = useKept<Filled>(
    `launch ${app.id} ${from ?? ''}`,
    () => ({ name: startName, raw: startRaw }),
    true,
  );
  const { name } = filled;
  // Another version may lack fields, or have others of their names.
  const raw = useMemo(() => fittingOf(app.wizard, filled.raw), [app, filled.raw]);
  const setName = (next: string) => setFilled({ raw, name: next });
  const { fields, values, problems, setTried, setRefused } = useFieldsOf(app, raw, (next) =>
    setFilled({ name, raw: next }),
  );
  const [isSending, setSending] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const launch = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    const wrong = attention(problems);
    setRefusal(wrong);
    if (wrong !== undefined) {
      requestAnimationFrame(showProblems);
      return;
    }
    setSending(true);
    try {
      const { id, queue, queue_watched: watched } = await launched(app, from, name.trim(), values);
      toast(watched ? 'Launched' : `Launched; no agent serves the queue ${queue.name} now`);
      route(at(`/applications/${app.id}/instances/${id}`));
    } catch (error) {
      const refused = refusedFields(error);
      setRefused(refused);
      setRefusal(attention(refused) ?? reasonOf(error));
      setSending(false);
      requestAnimationFrame(showProblems);
    }
  };
  return { name, setName, fields, refusal, isSending, launch };
}

/** The fields of a form: a problem is shown once its field was changed, or the form was sent. */
function useFieldsOf(app: App, raw: RawMap, setRaw: (raw: RawMap) => void) {
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [isTried, setTried] = useState(false);
  const [refused, setRefused] = useState<Problems>({});
  const { values, problems } = useMemo(
    () => checkParameters(app.wizard, parametersOf(app.wizard, raw)),
    [app, raw],
  );
  const fields: FieldsProps = {
    fields: app.wizard,
    raw,
    values,
    onChange: (field, value) => {
      setRaw({ ...raw, [field]: value });
      setRefused({});
      setTouched(new Set([...touched, field]));
    },
    context: {
      app: app.id,
      version: app.version,
      problems: { ...refused, ...problems },
      isShownProblem: (path) => isTried || touched.has(path),
    },
    path: '',
    names: '',
  };
  return { fields, values, problems, setTried, setRefused };
}

/** By the path of the field. */
type Problems = Readonly<Record<string, string>>;

interface Launched {
  id: string;
  queue: { id: string; name: string };
  queue_watched: boolean;
}

function launched(app: App, from: string | undefined, name: string, parameters: object): Promise<Launched> {
  const named = name === '' ? {} : { name };
  return from === undefined
    ? call('apps.launch', { app: app.id, version: app.version, ...named, parameters })
    : call('apps.clone_instance', { task: from, ...named, parameters });
}

/** Unfolds what is wrong, and goes to the first of it. */
function showProblems(): void {
  const hints = [...document.querySelectorAll('.wizard .hint.bad')];
  for (const hint of hints)
    for (let fold = hint.closest('details'); fold; fold = fold.parentElement?.closest('details') ?? null)
      fold.open = true;
  const field = hints[0]?.closest('.field, fieldset');
  field?.querySelector<HTMLElement>('input, select, textarea, button')?.focus();
}

function attention(problems: Problems): string | undefined {
  const fields = Object.keys(problems).length;
  if (fields === 0) return undefined;
  return fields === 1 ? 'One field needs attention.' : `${fields} fields need attention.`;
}

/** The server's own messages by field, which it sends as JSON at the end of its message. */
function refusedFields(error: unknown): Problems {
  const json = /fields=(\{.*\})$/s.exec(reasonOf(error))?.[1];
  try {
    return json === undefined ? {} : (JSON.parse(json) as Problems);
  } catch {
    return {};
  }
}
