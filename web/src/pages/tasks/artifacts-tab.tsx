import { call } from '../../api/client.js';
import { askFilesServer, isWebAddress, ownAddress } from '../../api/files.js';
import type { Artifact, Task } from '../../api/task.js';
import { useQuery } from '../../api/use-query.js';
import { Card } from '../../components/card.js';
import { Code } from '../../components/code.js';
import { Fact, Facts } from '../../components/facts.js';
import { Empty } from '../../components/states.js';
import { RelativeTime } from '../../components/times.js';
import type { TabProps } from './tab-props.js';

interface Model {
  id: string;
  name: string;
  uri?: string;
  framework?: string;
  tags?: string[];
}

/** What the task read and wrote: artifacts with their previews, models. */
export function ArtifactsTab({ task }: TabProps) {
  const artifacts = task.execution?.artifacts ?? [];
  const { data: server } = useQuery('files-server', askFilesServer);
  const { data: models = [] } = useQuery(`models ${modelIds(task).join()}`, (signal) =>
    askModels(task, signal),
  );
  if (artifacts.length === 0 && modelIds(task).length === 0)
    return <Empty title="The task has no artifacts and no models." />;
  return (
    <div class="stack">
      {artifacts.map((artifact) => (
        <ArtifactCard key={`${artifact.mode} ${artifact.key}`} artifact={artifact} server={server} />
      ))}
      {(['input', 'output'] as const).flatMap((side) =>
        (task.models?.[side] ?? []).map((link) => {
          const id = typeof link.model === 'string' ? link.model : link.model?.id;
          const model = models.find((one) => one.id === id);
          return (
            <Card
              key={`${side} ${link.name}`}
              title={`${side === 'input' ? 'Input' : 'Output'} model ${link.name}`}
            >
              <Facts>
                <Fact name="Name">{model?.name ?? id}</Fact>
                <Fact name="Framework">{model?.framework}</Fact>
                <Fact name="Address">
                  {model?.uri !== undefined && <FileLink address={model.uri} server={server} />}
                </Fact>
              </Facts>
            </Card>
          );
        }),
      )}
    </div>
  );
}

function modelIds({ models }: Task): string[] {
  const links = [...(models?.input ?? []), ...(models?.output ?? [])];
  return links
    .map(({ model }) => (typeof model === 'string' ? model : model?.id))
    .filter((id) => id !== undefined);
}

async function askModels(task: Task, signal: AbortSignal): Promise<Model[]> {
  const ids = modelIds(task);
  if (ids.length === 0) return [];
  const { models } = await call<{ models: Model[] }>(
    'models.get_all',
    { id: ids, only_fields: ['id', 'name', 'uri', 'framework'] },
    { signal },
  );
  return models;
}

function ArtifactCard({ artifact, server }: { artifact: Artifact; server: string | undefined }) {
  const { key, mode, type, uri = '', content_size: size, hash, timestamp, type_data: data = {} } = artifact;
  return (
    <Card title={mode === 'input' ? `${key} (input)` : key}>
      <div class="stack">
        <Facts>
          <Fact name="Type">{type}</Fact>
          <Fact name="Size">{size === undefined ? undefined : bytes(size)}</Fact>
          <Fact name="Written">
            {timestamp === undefined ? undefined : <RelativeTime time={timestamp * 1000} />}
          </Fact>
          <Fact name="SHA-256">{hash === undefined || hash === '' ? undefined : <code>{hash}</code>}</Fact>
          <Fact name="Address">{uri !== '' && <FileLink address={uri} server={server} />}</Fact>
        </Facts>
        {(data.preview ?? '') !== '' && <Code text={data.preview ?? ''} label={`Preview of ${key}`} />}
      </div>
    </Card>
  );
}

/** A file of this server downloads; one of another opens in a tab of its own; one that no browser reads is text. */
export function FileLink({ address, server }: { address: string; server: string | undefined }) {
  const own = ownAddress(address, server);
  if (own !== undefined)
    return (
      <a href={own} download={address.split('/').at(-1)}>
        {address}
      </a>
    );
  if (!isWebAddress(address)) return <code>{address}</code>;
  return (
    <a href={address} target="_blank" rel="noreferrer noopener">
      {address} ↗
    </a>
  );
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

function bytes(size: number): string {
  const step = Math.min(Math.floor(Math.log10(Math.max(size, 1)) / 3), UNITS.length - 1);
  return `${(size / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${UNITS[step]}`;
}
