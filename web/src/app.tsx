import { useEffect } from 'preact/hooks';
import { ErrorBoundary, LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { at, pathIn } from './base.js';
import { DialogHost } from './components/dialog.js';
import { Loading, NotFound } from './components/states.js';
import { ToastHost } from './components/toast.js';
import { Layout } from './layout/layout.js';
import { pageForOfficial } from './official-addresses.js';
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
            <Route default component={Elsewhere} />
          </Router>
        </ErrorBoundary>
      </Layout>
      <ToastHost />
      <DialogHost />
    </LocationProvider>
  );
}

/** Links that the SDK printed lead to the page that shows the same. */
function Elsewhere() {
  const { path, route } = useLocation();
  const page = pageForOfficial(pathIn(path));
  useEffect(() => {
    if (page !== undefined) route(at(page), true);
  }, [page, route]);
  return page === undefined ? <NotFound /> : <Loading />;
}
