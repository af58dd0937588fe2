import { render } from 'preact';
import { App } from './app.js';
import { applyTheme } from './layout/theme.js';
import { reloadForNewBuild } from './new-build.js';
import './style/design.css';
import './style/base.css';
import './style/blocks.css';
import './style/forms.css';
import './style/overlays.css';

applyTheme();
reloadForNewBuild();
const root = document.getElementById('root');
if (root !== null) render(<App />, root);
