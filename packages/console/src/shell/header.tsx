import { useApp } from '../app.ts'
import { plural } from '../format/numbers.ts'
import { formatUpdated } from '../format/time.ts'
import { Mark } from '../ui/icon.tsx'
import { nextTheme } from './theme.ts'
import { parseRange, rangeLabel, rangePresets } from './time-range.ts'

/** Product, pages, badges, and the controls that hold for every page. */
export function Header() {
  return (
    <header class="header">
      <a class="brand" href="/" aria-label="Signalbox, fleet page">
        <Mark />
        <span>Signalbox</span>
      </a>
      <Navigation />
      <Badges />
      <div class="controls">
        <RangeSelect />
        <LiveToggle />
        <ThemeToggle />
        <HelpButton />
      </div>
    </header>
  )
}

function Navigation() {
  const { route, place } = useApp()
  const { page } = route.value
  const { search } = place.current.value
  return (
    <nav aria-label="Pages" class="nav">
      <a href={`/${search}`} aria-current={page === 'fleet' ? 'page' : undefined}>
        Fleet
      </a>
      <a href={`/requests${search}`} aria-current={page === 'requests' ? 'page' : page === 'request' ? 'true' : undefined}>
        Requests
      </a>
    </nav>
  )
}

function Badges() {
  const { demo } = useApp().fleet.value.data ?? {}
  if (demo === undefined) return <div class="badges" />
  return (
    <div class="badges">
      {demo.simulatedEngines > 0 && (
        <span class="badge" title={`${plural(demo.simulatedEngines, 'engine')} of this fleet are simulated: no GPU, no model behind them`}>
          simulated engines
        </span>
      )}
      {demo.traffic && (
        <span class="badge" title="Signalbox sends the requests itself, to have something to show">
          demo traffic
        </span>
      )}
    </div>
  )
}

function RangeSelect() {
  const app = useApp()
  const { range } = app.url.value
  const known = rangePresets.some(({ seconds }) => seconds === range.seconds)
  const choices = known ? rangePresets : [...rangePresets, range]
  return (
    <label class="control">
      <span class="control-label">Last</span>
      <select
        value={rangeLabel(range)}
        onChange={(event) => {
          const chosen = parseRange(`now-${event.currentTarget.value}`)
          if (chosen !== undefined) app.change({ range: chosen })
        }}
      >
        {choices.map((choice) => (
          <option key={choice.seconds} value={rangeLabel(choice)}>
            {rangeLabel(choice)}
          </option>
        ))}
      </select>
    </label>
  )
}

function LiveToggle() {
  const app = useApp()
  const { live } = app.url.value
  const { updatedMs, failures } = app.fleet.value
  const age = updatedMs === undefined ? 'waiting' : formatUpdated(app.clockMs.value - updatedMs)
  const word = !live ? 'paused' : failures > 0 ? `reconnecting (${failures})` : 'live'
  return (
    <button
      type="button"
      class={`button live live-${live ? (failures > 0 ? 'failing' : 'on') : 'off'}`}
      aria-pressed={live}
      title="Live refresh (l)"
      onClick={() => app.change({ live: !live }, 'replace')}
    >
      <span class="live-lamp" aria-hidden="true" />
      <span class="live-word">{word}</span>
      <span class="live-age">{age}</span>
    </button>
  )
}

function ThemeToggle() {
  const app = useApp()
  const theme = app.theme.value
  return (
    <button type="button" class="button" title="Theme: auto, light or dark" onClick={() => app.chooseTheme(nextTheme(theme))}>
      <span class="control-label">Theme </span>
      {theme}
    </button>
  )
}

function HelpButton() {
  const { helpOpen } = useApp()
  return (
    <button
      type="button"
      class="button"
      aria-haspopup="dialog"
      title="Keyboard shortcuts (?)"
      onClick={() => {
        helpOpen.value = true
      }}
    >
      <span aria-hidden="true">?</span>
      <span class="offscreen">Keyboard shortcuts</span>
    </button>
  )
}
