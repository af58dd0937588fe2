import { call } from '../../api/client.js';
import { useQuery } from '../../api/use-query.js';
import { at } from '../../base.js';
import { ErrorNote } from '../../components/states.js';
import { isDark } from '../../layout/theme.js';

interface ElementProps {
  task: string;
  line: number;
  element: number;
  title: string;
  /** The HTML with its values: another frame is asked for when it changes. */
  text: string;
}

/** HTML of an application: in a frame of its own origin, without scripts, forms and requests. */
export function ElementFrame({ task, line, element, title, text }: ElementProps) {
  const { data, error } = useQuery(`frame ${task} ${line} ${element} ${text}`, (signal) =>
    call<{ frame: string }>('apps.get_element_frame', { task, line, element }, { signal }),
  );
  if (data === undefined) return error === undefined ? null : <ErrorNote error={error} />;
  return <Frame frame={data.frame} title={title === '' ? 'HTML of the application' : title} />;
}

/** What an application shows while it has no instance. */
export function EmptyFrame({ app, version, title }: { app: string; version: string; title: string }) {
  const { data } = useQuery(`empty frame ${app} ${version}`, (signal) =>
    call<{ frame?: string }>('apps.get_empty_frame', { app, version }, { signal }),
  );
  return data?.frame === undefined ? null : <Frame frame={data.frame} title={`About ${title}`} isTall />;
}

function Frame({ frame, title, isTall = false }: { frame: string; title: string; isTall?: boolean }) {
  const theme = isDark() ? 'dark' : 'light';
  return (
    <iframe
      class={isTall ? 'app-frame tall' : 'app-frame'}
      title={title}
      sandbox=""
      src={at(`/api/apps.show_frame?frame=${frame}&theme=${theme}`)}
    />
  );
}
