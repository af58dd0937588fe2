import { useQuery } from '../../api/use-query.js';
import { ErrorNote, Loading } from '../../components/states.js';
import { attempt } from '../../components/toast.js';
import type { NewPair } from './ask-credentials.js';
import { confBlock } from './conf-block.js';
import { askAddresses } from './server-addresses.js';

/** A new pair with its secret, which is shown this once. */
export function ShownPair({ pair, onClose }: { pair: NewPair; onClose: () => void }) {
  const { data: addresses, error, reload } = useQuery('addresses', askAddresses);
  if (error !== undefined) return <ErrorNote error={error} onRetry={reload} />;
  if (addresses === undefined) return <Loading />;
  const block = confBlock(addresses, pair);
  return (
    <section class="new-pair" aria-label="New credentials">
      <p>
        <strong>Copy this block now: the secret key is not shown again.</strong>
      </p>
      <pre class="code" id="conf-block">
        {block}
      </pre>
      <div class="actions">
        <button
          type="button"
          class="button primary"
          onClick={() => void attempt(() => copy(block), 'Copied')}
        >
          Copy to clipboard
        </button>
        <button type="button" class="button" onClick={onClose}>
          Done
        </button>
      </div>
    </section>
  );
}

/** Without TLS, browsers give the clipboard to pages of this machine only; then the block is selected. */
async function copy(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const element = document.getElementById('conf-block');
  if (element !== null) getSelection()?.selectAllChildren(element);
  throw new Error('This browser does not let the page copy. The block is selected: press Ctrl+C.');
}
