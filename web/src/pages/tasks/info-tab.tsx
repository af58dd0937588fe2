import type { ComponentChildren } from 'preact';
import type { Named, Task } from '../../api/task.js';
import { at } from '../../base.js';
import { Card } from '../../components/card.js';
import { Code, Diff } from '../../components/code.js';
import { Fact, Facts } from '../../components/facts.js';
import { statusName } from '../../components/status-badge.js';
import { Elapsed, RelativeTime } from '../../components/times.js';
import type { TabProps } from './tab-props.js';

/** Status, phases, script, requirements and container. */
export function InfoTab({ task }: TabProps) {
  const { script = {}, container = {} } = task;
  return (
    <div class="info-grid">
      <div class="stack">
        <Failure task={task} />
        <Card title="Phases">
          <Phases task={task} />
        </Card>
        <Card title="Script">
          <Facts>
            <Fact name="Repository">{script.repository}</Fact>
            <Fact name="Branch">{script.branch}</Fact>
            <Fact name="Tag">{script.tag}</Fact>
            <Fact name="Commit">
              {(script.version_num ?? '') !== '' && <code>{script.version_num}</code>}
            </Fact>
            <Fact name="Entry point">{script.entry_point}</Fact>
            <Fact name="Working folder">{script.working_dir}</Fact>
            <Fact name="Binary">{script.binary}</Fact>
          </Facts>
        </Card>
        {(script.diff ?? '') !== '' && (
          <Card title={(script.repository ?? '') === '' ? 'Code' : 'Uncommitted changes'}>
            <Diff text={script.diff ?? ''} />
          </Card>
        )}
      </div>
      <div class="stack">
        <Card title="Task">
          <Identity task={task} />
        </Card>
        <Card title="Container">
          <Facts empty="The agent's default">
            <Fact name="Image">{container.image}</Fact>
            <Fact name="Arguments">{container.arguments}</Fact>
            <Fact name="Set-up">
              {(container.setup_shell_script ?? '') !== '' && (
                <Code text={container.setup_shell_script ?? ''} />
              )}
            </Fact>
          </Facts>
        </Card>
        <Requirements requirements={script.requirements ?? {}} />
      </div>
    </div>
  );
}

function Failure({ task }: { task: Task }) {
  const { status, status_reason: reason = '', status_message: message = '' } = task;
  if (status !== 'failed' && status !== 'stopped') return null;
  const text = [reason, message]
    .filter((part, index, all) => part !== '' && all.indexOf(part) === index)
    .join(': ');
  return text === '' ? null : <div class={status === 'failed' ? 'note error' : 'note'}>{text}</div>;
}

/** Each phase begins where the one before it ends. */
function Phases({ task }: { task: Task }) {
  const { created, started, completed, published, status } = task;
  const end = completed ?? (status === 'in_progress' ? undefined : task.status_changed);
  const rows: (readonly [string, string | undefined, string | undefined])[] = [
    ['Created', created, started],
    ['Running', started, end],
    [statusName(status), started === undefined ? undefined : end, published],
    ['Published', published, undefined],
  ];
  return (
    <ol class="phases">
      {rows.map(([name, from, to], index) =>
        from === undefined ? null : (
          <li key={name}>
            <span class="phase-name">{name}</span>
            <RelativeTime time={from} />
            <span class="number">
              {(index === 1 || (index === 0 && to !== undefined)) && <Elapsed from={from} to={to} />}
            </span>
          </li>
        ),
      )}
      {status === 'queued' && (
        <li>
          <span class="phase-name">Waiting</span>
          <RelativeTime time={task.status_changed} />
          <span class="number">
            <Elapsed from={task.status_changed} />
          </span>
        </li>
      )}
    </ol>
  );
}

function Identity({ task }: { task: Task }) {
  return (
    <Facts>
      <Fact name="Id">
        <code>{task.id}</code>
      </Fact>
      <Fact name="Type">{task.type}</Fact>
      <Fact name="User">{task.user?.name}</Fact>
      <Fact name="Queue">{nameOf(task.execution?.queue)}</Fact>
      <Fact name="Worker">{task.last_worker}</Fact>
      <Fact name="Iteration">{task.last_iteration === 0 ? undefined : task.last_iteration}</Fact>
      <Fact name="Parent">{linkTo(task.parent)}</Fact>
      <Fact name="Comment">{task.comment}</Fact>
    </Facts>
  );
}

function nameOf(one: Named | string | undefined): string | undefined {
  return typeof one === 'object' ? (one.name ?? one.id) : one;
}

function linkTo(parent: Task['parent']): ComponentChildren {
  const id = typeof parent === 'object' ? parent.id : parent;
  return id === undefined || id === '' ? undefined : <a href={at(`/tasks/${id}`)}>{nameOf(parent)}</a>;
}

function Requirements({ requirements }: { requirements: Record<string, string | string[]> }) {
  const given = Object.entries(requirements).filter(([, text]) => text !== null && text.length > 0);
  return (
    <>
      {given.map(([kind, text]) => (
        <Card key={kind} title={`Requirements (${kind})`}>
          <Code text={typeof text === 'string' ? text : text.join('\n')} />
        </Card>
      ))}
    </>
  );
}
