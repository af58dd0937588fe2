import { useState } from 'preact/hooks';
import { useQuery } from '../../api/use-query.js';
import { Card } from '../../components/card.js';
import { PageHead } from '../../components/page-head.js';
import { ErrorNote, Loading } from '../../components/states.js';
import { About } from './about.js';
import { askCredentials, type NewPair } from './ask-credentials.js';
import { CredentialTable } from './credential-table.js';
import { NewCredentials } from './new-credentials.js';
import { ShownPair } from './shown-pair.js';
import './settings.css';

/** Credentials of the user, and what the server is. */
export default function Settings() {
  const { data, error, reload } = useQuery('credentials', askCredentials);
  const [isNew, setNew] = useState(false);
  const [pair, setPair] = useState<NewPair>();
  return (
    <>
      <PageHead title="Settings" />
      <div class="stack settings">
        <Card
          title="Credentials"
          actions={
            <button type="button" class="button primary small" onClick={() => setNew(true)}>
              Create credentials
            </button>
          }
        >
          <p class="hint">
            Agents and the Python SDK use a pair of keys. <code>agent init</code> and{' '}
            <code>clearml-init</code> ask for the block that a new pair comes with.
          </p>
          {pair !== undefined && <ShownPair pair={pair} onClose={() => setPair(undefined)} />}
          {error !== undefined && <ErrorNote error={error} onRetry={reload} />}
          {data === undefined && error === undefined && <Loading />}
          {data !== undefined && <CredentialTable credentials={data} onChanged={reload} />}
        </Card>
        <About />
      </div>
      {isNew && (
        <NewCredentials
          onClose={() => setNew(false)}
          onDone={(made) => {
            setNew(false);
            setPair(made);
            reload();
          }}
        />
      )}
    </>
  );
}
