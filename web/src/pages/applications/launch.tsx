import { useMemo, useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { checkParameters } from '../../../../src/server/apps/form/check-parameters.js';
import { useAddress } from '../../api/address.js';
import { call } from '../../api/client.js';
import { reasonOf } from '../../api/failure.js';
import { useQuery } from '../../api/use-query.js';
import { at } from '../../base.js';
import { SelectField, TextField } from '../../components/fields.js';
import { PageHead } from '../../components/page-head.js';
import { ErrorNote, Loading } from '../../components/states.js';
import { toast } from '../../components/toast.js';
import { type App, askApp, askInstance } from './apps-api.js';
import { parametersOf, type RawMap, rawMapOf } from './form-state.js';
import { WizardFields } from './wizard.js';
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
  if (data !== undefined) return <LaunchForm key={`${data.app.version} ${from}`} {...data} from={from} />;
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

function LaunchForm({ app, raw: start, name: startName, from }: Start & { from: string | undefined }) {
  const { route } = useLocation();
  const address = useAddress();
  const [name, setName] = useState(startName);
  const [raw, setRaw] = useState(start);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [isTried, setTried] = useState(false);
  const [isSending, setSending] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const [refused, setRefused] = useState<Readonly<Record<string, string>>>({});
  const parameters = useMemo(() => parametersOf(app.wizard, raw), [app, raw]);
  const { values, problems } = useMemo(() => checkParameters(app.wizard, parameters), [app, parameters]);
  const launch = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    setRefusal(undefined);
    const wrong = attention(Object.keys(problems).length);
    if (wrong !== undefined) {
      setRefusal(wrong);
      requestAnimationFrame(focusFirstProblem);
      return;
    }
    setSending(true);
    try {
      const named = name.trim() === '' ? {} : { name: name.trim() };
      const [endpoint, target] =
        from === undefined
          ? ['apps.launch', { app: app.id, version: app.version }]
          : ['apps.clone_instance', { task: from }];
      const answer = await call<Launched>(endpoint, { ...target, ...named, parameters: values });
      toast(
        answer.queue_watched ? 'Launched' : `Launched; no agent serves the queue ${answer.queue.name} now`,
      );
      route(at(`/applications/${app.id}/instances/${answer.id}`));
    } catch (error) {
      const fields = refusedFields(error);
      setRefused(fields);
      setRefusal(attention(Object.keys(fields).length) ?? reasonOf(error));
      setSending(false);
    }
  };
  return (
    <>
      <PageHead
        title={from === undefined ? `Launch ${app.name}` : `Clone an instance of ${app.name}`}
        crumb={
          <>
            <a href={at('/applications')}>Applications</a> /{' '}
            <a href={at(`/applications/${app.id}`)}>{app.name}</a>
          </>
        }
      />
      <form class="wizard card" onSubmit={launch} noValidate>
        <TextField
          label="Name of the instance"
          value={name}
          onInput={setName}
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
        <WizardFields
          fields={app.wizard}
          raw={raw}
          values={values}
          onChange={(field, value) => {
            setRaw({ ...raw, [field]: value });
            setRefused({});
            setTouched(new Set([...touched, field]));
          }}
          context={{
            app: app.id,
            version: app.version,
            problems: { ...refused, ...problems },
            isShownProblem: (path) => isTried || touched.has(path),
          }}
          path=""
          names=""
        />
        {refusal !== undefined && <ErrorNote error={refusal} />}
        <div class="dialog-foot">
          <a class="button" href={at(`/applications/${app.id}`)}>
            Cancel
          </a>
          <button type="submit" class="button primary" disabled={isSending}>
            Launch
          </button>
        </div>
      </form>
    </>
  );
}

function focusFirstProblem(): void {
  const field = document.querySelector('.wizard .hint.bad')?.closest('.field, fieldset');
  field?.querySelector<HTMLElement>('input, select, textarea, button')?.focus();
}

function attention(fields: number): string | undefined {
  if (fields === 0) return undefined;
  return fields === 1 ? 'One field needs attention.' : `${fields} fields need attention.`;
}

/** The server's own messages by field, which it sends as JSON at the end of its message. */
function refusedFields(error: unknown): Record<string, string> {
  const json = /fields=(\{.*\})$/s.exec(reasonOf(error))?.[1];
  try {
    return json === undefined ? {} : (JSON.parse(json) as Record<string, string>);
  } catch {
    return {};
  }
}

interface Launched {
  id: string;
  queue: { id: string; name: string };
  queue_watched: boolean;
}
