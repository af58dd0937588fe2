import { useEffect, useState } from 'preact/hooks';
import { reasonOf } from '../../api/failure.js';
import {
  askModes,
  type LoginModes,
  linkToken,
  logIn,
  logInByLink,
  pageAfterLogin,
} from '../../api/session.js';
import { useQuery } from '../../api/use-query.js';
import { TextField } from '../../components/fields.js';
import { PageHead } from '../../components/page-head.js';
import { ErrorNote, Loading } from '../../components/states.js';

/** A one-time token in the address logs in by itself; otherwise a user and a password, or a pair of keys. */
export default function Login() {
  const [token] = useState(linkToken);
  const [isByLink, setByLink] = useState(token !== undefined);
  const [error, setError] = useState<string>();
  const { data: modes } = useQuery('modes', askModes);
  const leave = () => location.replace(pageAfterLogin());
  useEffect(() => {
    if (token === undefined) return;
    logInByLink(token).then(leave, (cause: unknown) => {
      setError(reasonOf(cause));
      setByLink(false);
    });
  }, [token]);
  useEffect(() => {
    if (modes?.authenticated === true && token === undefined) leave();
  }, [modes, token]);
  if (isByLink || modes === undefined) return <Loading label="Logging in" />;
  return <LoginForm modes={modes} linkError={error} onDone={leave} />;
}

interface FormProps {
  modes: LoginModes;
  linkError: string | undefined;
  onDone: () => void;
}

function LoginForm({ modes, linkError, onDone }: FormProps) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState(linkError);
  const hasUsers = modes.basic?.enabled === true;
  const guest = modes.basic?.guest;
  const enter = async (by: { name: string; password: string }) => {
    try {
      await logIn(by.name, by.password);
      onDone();
    } catch (cause) {
      setError(reasonOf(cause));
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void enter({ name, password });
  };
  return (
    <form class="login card" onSubmit={submit}>
      <PageHead title="Log in" />
      <TextField
        label={hasUsers ? 'User' : 'Access key'}
        value={name}
        onInput={setName}
        autocomplete="username"
        required
      />
      <TextField
        label={hasUsers ? 'Password' : 'Secret key'}
        value={password}
        onInput={setPassword}
        type="password"
        autocomplete="current-password"
        required
      />
      {error !== undefined && <ErrorNote error={error} />}
      <button type="submit" class="button primary">
        Log in
      </button>
      {guest?.enabled === true && (
        <button
          type="button"
          class="button"
          onClick={() => void enter({ name: guest.username, password: guest.password })}
        >
          Look around as {guest.name}
        </button>
      )}
      {!hasUsers && (
        <p class="hint">Or open the address that the server printed when it started. It logs you in once.</p>
      )}
    </form>
  );
}
