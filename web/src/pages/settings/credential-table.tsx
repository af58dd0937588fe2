import { confirmed } from '../../components/dialog.js';
import { type Column, Table } from '../../components/table.js';
import { RelativeTime } from '../../components/times.js';
import { attempt } from '../../components/toast.js';
import { type Credential, revokeCredentials } from './ask-credentials.js';

interface CredentialTableProps {
  credentials: readonly Credential[];
  onChanged: () => void;
}

export function CredentialTable({ credentials, onChanged }: CredentialTableProps) {
  if (credentials.length === 0) return <p class="faint">You have no credentials.</p>;
  const revoke = async (one: Credential) => {
    if (!(await confirmed(questionOf(one)))) return;
    if (await attempt(() => revokeCredentials(one.access_key), `Revoked ${nameOf(one)}`)) onChanged();
  };
  return (
    <Table
      label="Credentials"
      columns={[...COLUMNS, revokeColumn((one) => void revoke(one))]}
      rows={credentials}
      keyOf={({ access_key: key }) => key}
    />
  );
}

function nameOf({ label, access_key: key }: Credential): string {
  return label ?? `${key.slice(0, 8)}…`;
}

function questionOf(one: Credential) {
  return {
    title: `Revoke ${nameOf(one)}?`,
    text: 'Agents and programs that use this pair are refused from now on. It cannot be brought back.',
    action: 'Revoke',
    isDangerous: true,
  };
}

const COLUMNS: readonly Column<Credential>[] = [
  { key: 'label', title: 'Label', cell: ({ label }) => label ?? <span class="faint">–</span> },
  { key: 'key', title: 'Access key', cell: ({ access_key: key }) => <code>{key}</code> },
  { key: 'role', title: 'For', cell: ({ role }) => (role === 'agent' ? 'agents only' : 'everything') },
  {
    key: 'used',
    title: 'Last used',
    cell: ({ last_used: time }) => (time === undefined ? 'never' : <RelativeTime time={time} />),
  },
  { key: 'from', title: 'From', cell: ({ last_used_from: from }) => from ?? <span class="faint">–</span> },
];

function revokeColumn(revoke: (one: Credential) => void): Column<Credential> {
  return {
    key: 'revoke',
    title: 'Action',
    cell: (one) => (
      <button
        type="button"
        class="button small"
        aria-label={`Revoke ${nameOf(one)}`}
        onClick={() => revoke(one)}
      >
        Revoke
      </button>
    ),
  };
}
