import { useEffect, useState } from 'preact/hooks';
import { askAsset } from './apps-api.js';

const ASSET = /^\$\{ASSET:\s*(.*?)\s*\}$/;

interface IconProps {
  app: string;
  version: string;
  name: string;
  icon: string | null | undefined;
}

/** The icon of an application. Where it is on another server, the first letter stands for it: no request leaves this one. */
export function AppIcon({ app, version, name, icon }: IconProps) {
  const [source, setSource] = useState<string>();
  const asset = ASSET.exec(icon ?? '')?.[1];
  useEffect(() => {
    if (asset === undefined) return;
    const abort = new AbortController();
    let made: string | undefined;
    askAsset(app, version, asset, abort.signal).then(
      (address) => {
        made = address;
        setSource(address);
      },
      () => undefined,
    );
    return () => {
      abort.abort();
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [app, version, asset]);
  if (source !== undefined) {
    const drop = () => setSource(undefined);
    return <img class="app-icon" src={source} alt="" width="40" height="40" onError={drop} />;
  }
  return (
    <span class="app-icon letter" aria-hidden="true">
      {name.slice(0, 1).toUpperCase()}
    </span>
  );
}
