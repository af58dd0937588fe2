import type { FunctionComponent } from 'preact';
import { lazy } from 'preact-iso';
import type { IconName } from './layout/icon.js';

/** A page and where it is. Its module loads with the first visit. `title` puts it into the navigation. */
interface PageRoute {
  path: string;
  page: FunctionComponent;
  title?: string;
  icon?: IconName;
}

export const ROUTES: readonly PageRoute[] = [
  {
    path: '/',
    title: 'Overview',
    icon: 'overview',
    page: lazy(() => import('./pages/overview/overview.js')),
  },
  { path: '/tasks', title: 'Tasks', icon: 'tasks', page: lazy(() => import('./pages/tasks/task-list.js')) },
  { path: '/tasks/new', page: lazy(() => import('./pages/tasks/new-task.js')) },
  { path: '/compare', page: lazy(() => import('./pages/compare/compare.js')) },
  { path: '/tasks/:id', page: lazy(() => import('./pages/tasks/task-page.js')) },
  {
    path: '/queues',
    title: 'Queues',
    icon: 'queues',
    page: lazy(() => import('./pages/queues/queues.js')),
  },
  {
    path: '/workers',
    title: 'Workers',
    icon: 'workers',
    page: lazy(() => import('./pages/workers/workers.js')),
  },
  {
    path: '/settings',
    title: 'Settings',
    icon: 'settings',
    page: lazy(() => import('./pages/settings/settings.js')),
  },
  {
    path: '/applications',
    title: 'Applications',
    icon: 'applications',
    page: lazy(() => import('./pages/applications/gallery.js')),
  },
  { path: '/applications/:id', page: lazy(() => import('./pages/applications/app-page.js')) },
  { path: '/applications/:id/launch', page: lazy(() => import('./pages/applications/launch.js')) },
  {
    path: '/applications/:id/instances/:task',
    page: lazy(() => import('./pages/applications/instance.js')),
  },
  { path: '/login', page: lazy(() => import('./pages/login/login.js')) },
];
