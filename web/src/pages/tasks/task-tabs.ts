import type { FunctionComponent } from 'preact';
import { lazy } from 'preact-iso';
import { ArtifactsTab } from './artifacts-tab.js';
import { ConfigurationTab } from './configuration-tab.js';
import { InfoTab } from './info-tab.js';
import { ParametersTab } from './parameters-tab.js';
import type { TabProps } from './tab-props.js';

interface TabOfTask {
  key: string;
  title: string;
  body: FunctionComponent<TabProps>;
}

/** The first one shows without a word in the address. Those with much code load with their first visit. */
export const TABS: readonly [TabOfTask, ...TabOfTask[]] = [
  { key: 'info', title: 'Info', body: InfoTab },
  { key: 'parameters', title: 'Parameters', body: ParametersTab },
  { key: 'configuration', title: 'Configuration', body: ConfigurationTab },
  { key: 'artifacts', title: 'Artifacts and models', body: ArtifactsTab },
  { key: 'console', title: 'Console', body: lazy(() => import('../console/console-tab.js')) },
  { key: 'scalars', title: 'Scalars', body: lazy(() => import('../charts/scalars-tab.js')) },
  { key: 'plots', title: 'Plots', body: lazy(() => import('../charts/plots-tab.js')) },
  { key: 'images', title: 'Debug images', body: lazy(() => import('../charts/images-tab.js')) },
];
