import { useState } from 'preact/hooks';
import { reasonOf } from '../../api/failure.js';
import { logIn, pageAfterLogin } from '../../api/session.js';
import { TextField } from '../../components/fields.js';
import { ErrorNote } from '../../components/states.js';

/** User and password. An address with a one-time token logs in by itself and never comes here. */
export default function Login() {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string>();
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await logIn(name, password);
      location.assign(pageAfterLogin());
    } catch (cause) {
      setError(reasonOf(cause));
    }
  };
  return (
    <form class="login card" onSubmit={submit}>
      <h1>Log in</h1>
      <TextField label="User" value={name} onInput={setName} autocomplete="username" required />
      <TextField
        label="Password"
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
      <p class="hint">
        No user and password? Open the address that the server printed when it started. It logs you in once.
      </p>
    </form>
  );
}
