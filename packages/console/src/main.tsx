import { effect } from '@preact/signals'
import { render } from 'preact'
import 'uplot/dist/uPlot.min.css'
import { AppContext, createApp } from './app.ts'
import { bindKeyboard } from './shell/bind-keyboard.ts'
import { bindLinks } from './shell/bind-links.ts'
import { Page } from './shell/page.tsx'
import './styles/tokens.css'
import './styles/base.css'
import './styles/shell.css'
import './styles/tables.css'
import './styles/panels.css'
import './styles/request.css'

const app = createApp()
effect(() => {
  document.documentElement.dataset['theme'] = app.drawnTheme.value
})
bindLinks(app)
bindKeyboard(app)
const root = document.getElementById('app')
if (root === null) throw new Error('the page has no #app element')
render(
  <AppContext.Provider value={app}>
    <Page />
  </AppContext.Provider>,
  root,
)
