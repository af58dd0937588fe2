import { call } from '../../api/client.js';
import { user } from '../../api/session.js';
import { useQuery } from '../../api/use-query.js';
import { Card } from '../../components/card.js';
import { Fact, Facts } from '../../components/facts.js';
import { ErrorNote, Loading } from '../../components/states.js';
import { askAddresses } from './server-addresses.js';

/** Addresses and versions of the server. */
export function About() {
  const { data, error, reload } = useQuery('about', ask);
  return (
    <Card title="Server">
      {error !== undefined && <ErrorNote error={error} onRetry={reload} />}
      {data === undefined && error === undefined && <Loading />}
      {data !== undefined && (
        <Facts>
          <Fact name="API">{data.api}</Fact>
          <Fact name="File server">{data.files}</Fact>
          <Fact name="Page">{data.web}</Fact>
          <Fact name="API version">{data.version}</Fact>
          <Fact name="You are">
            {user.value === undefined ? undefined : `${user.value.name} (${user.value.role ?? 'user'})`}
          </Fact>
        </Facts>
      )}
    </Card>
  );
}

async function ask(signal: AbortSignal) {
  const [addresses, info] = await Promise.all([
    askAddresses(signal),
    call<{ api_version?: string }>('server.info', {}, { signal }),
  ]);
  return { ...addresses, version: info.api_version };
}
