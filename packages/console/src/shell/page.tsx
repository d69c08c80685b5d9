import { useEffect } from 'preact/hooks'
import { useApp } from '../app.ts'
import { RequestPage } from '../explain/request-page.tsx'
import { FleetPage } from '../fleet/fleet-page.tsx'
import { RequestsPage } from '../requests/requests-page.tsx'
import { Header } from './header.tsx'
import { HelpDialog } from './help-dialog.tsx'
import type { Route } from './route.ts'
import { StatusLine } from './status-line.tsx'

const titles: Readonly<Record<Route['page'], string>> = { fleet: 'Fleet', requests: 'Requests', request: 'Request', unknown: 'Not found' }

/** The whole page: header, the route's page, status line. */
export function Page() {
  const { route } = useApp()
  const { page } = route.value
  useEffect(() => {
    document.title = `${titles[page]} · Signalbox`
  }, [page])
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to the content
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        <Routed route={route.value} />
      </main>
      <StatusLine />
      <HelpDialog />
    </>
  )
}

function Routed({ route }: { route: Route }) {
  switch (route.page) {
    case 'fleet':
      return <FleetPage />
    case 'requests':
      return <RequestsPage />
    case 'request':
      return <RequestPage key={route.id} id={route.id} />
    case 'unknown':
      return (
        <>
          <h1 tabIndex={-1}>There is no such page</h1>
          <p>
            The console has two: the <a href="/">fleet</a> and its <a href="/requests">requests</a>.
          </p>
        </>
      )
  }
}
