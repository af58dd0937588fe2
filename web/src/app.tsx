import { ErrorBoundary, LocationProvider, Route, Router } from 'preact-iso';
import { at } from './base.js';
import { DialogHost } from './components/dialog.js';
import { NotFound } from './components/states.js';
import { ToastHost } from './components/toast.js';
import { Layout } from './layout/layout.js';
import { ROUTES } from './routes.js';

/** Every page inside the layout. */
export function App() {
  return (
    <LocationProvider scope={at('/')}>
      <Layout>
        <ErrorBoundary>
          <Router onRouteChange={() => document.getElementById('page')?.focus()}>
            {ROUTES.map(({ path, page }) => (
              <Route key={path} path={at(path)} component={page} />
            ))}
            <Route default component={NotFound} />
          </Router>
        </ErrorBoundary>
      </Layout>
      <ToastHost />
      <DialogHost />
    </LocationProvider>
  );
}
