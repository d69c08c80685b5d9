import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { FleetView } from './api-types.ts'
import { Api } from './query/http.ts'
import { emptyState, LiveScheduler, type LiveState } from './query/live-query.ts'
import { BrowserPlace } from './shell/location.ts'
import { parseRoute, type Route } from './shell/route.ts'
import { chosenTheme, drawnTheme } from './shell/theme.ts'
import { changeUrlState, readUrlState, type Theme, type UrlState } from './shell/url-state.ts'

/** Time between two refreshes of what is live. */
export const REFRESH_MS = 5000
/** How often the scheduler looks for what is due, and ages are drawn anew. */
const TICK_MS = 1000
const THEME_KEY = 'signalbox.theme'

/** What every part of the page may use. One per page; parts get it with `useApp`. */
export interface App {
  readonly api: Api
  readonly scheduler: LiveScheduler
  readonly place: BrowserPlace
  readonly route: ReadonlySignal<Route>
  readonly url: ReadonlySignal<UrlState>
  /** The browser's clock, once a second: for ages of what the browser received. */
  readonly clockMs: ReadonlySignal<number>
  readonly fleet: ReadonlySignal<LiveState<FleetView>>
  readonly theme: ReadonlySignal<Theme>
  readonly drawnTheme: ReadonlySignal<'light' | 'dark'>
  /** Time under the pointer of any chart, ms; null: none. */
  readonly crosshairMs: Signal<number | null>
  readonly helpOpen: Signal<boolean>
  /** The servers' clock now: theirs is the one clock that data are drawn by. */
  serverNowMs(): number
  change(changes: Partial<UrlState>, step?: 'push' | 'replace'): void
  chooseTheme(theme: Theme): void
}

function storedTheme(): string | null {
  try {
    return localStorage.getItem(THEME_KEY)
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
    return null
  }
}

function storeTheme(theme: Theme): void {
  try {
    if (theme === 'auto') localStorage.removeItem(THEME_KEY)
    else localStorage.setItem(THEME_KEY, theme)
  } catch {
    // As above: nothing to store it in.
  }
}

/** Wires the page's parts and starts its one timer. */
export function createApp(): App {
  const api = new Api()
  const scheduler = new LiveScheduler({ now: () => Date.now(), random: () => Math.random() })
  const place = new BrowserPlace()
  const url = computed(() => readUrlState(place.current.value.search))
  const clockMs = signal(Date.now())
  const fleet = signal<LiveState<FleetView>>(emptyState)
  const stored = signal(storedTheme())
  const prefersDark = matchMedia('(prefers-color-scheme: dark)')
  const systemDark = signal(prefersDark.matches)
  prefersDark.addEventListener('change', () => {
    systemDark.value = prefersDark.matches
  })
  let serverAheadMs = 0
  const app: App = {
    api,
    scheduler,
    place,
    route: computed(() => parseRoute(place.current.value.path)),
    url,
    clockMs,
    fleet,
    theme: computed(() => chosenTheme(url.value.theme, stored.value)),
    drawnTheme: computed(() => drawnTheme(url.value.theme, stored.value, systemDark.value)),
    crosshairMs: signal(null),
    helpOpen: signal(false),
    serverNowMs: () => Date.now() + serverAheadMs,
    change: (changes, step = 'push') => {
      const { path, search } = place.current.value
      place[step](path + changeUrlState(search, changes))
    },
    chooseTheme: (theme) => {
      stored.value = theme
      storeTheme(theme)
      // A link's theme would win over the choice just made.
      if (url.value.theme !== undefined) app.change({ theme: undefined }, 'replace')
    },
  }
  scheduler.watch<FleetView>(
    (abort) => api.get('/api/console/fleet', abort),
    () => REFRESH_MS,
    (state) => {
      if (state.error === undefined && state.data !== undefined) serverAheadMs = state.data.nowMs - Date.now()
      fleet.value = state
    },
  )
  startTimer(app, clockMs)
  return app
}

/** Refreshes happen while live and visible only; coming back to the page refreshes at once. */
function startTimer(app: App, clockMs: Signal<number>): void {
  setInterval(() => {
    clockMs.value = Date.now()
    if (app.url.value.live && !document.hidden) app.scheduler.tick()
  }, TICK_MS)
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && app.url.value.live) app.scheduler.wake()
  })
  let live = app.url.value.live
  app.url.subscribe((state) => {
    if (state.live && !live) app.scheduler.wake()
    live = state.live
  })
}

/** Undefined outside of the page's root; `useApp` is what parts call. */
export const AppContext = createContext<App | undefined>(undefined)

/** The page's `App`. */
export function useApp(): App {
  const app = useContext(AppContext)
  if (app === undefined) throw new Error('a part of the page was drawn outside of it')
  return app
}
