import { callsIn, rangesIn } from '../expression/walk.ts'
import { foundIn, isTemplated, type LintRule } from '../rule.ts'

/** Two scrapes make a rate; with four, one that is late or lost does no harm. */
const SCRAPES_NEEDED = 2
const SCRAPES_WANTED = 4
const RATES: ReadonlySet<string> = new Set(['rate', 'irate', 'increase', 'delta', 'idelta', 'deriv'])

const shortWindow: LintRule = {
  id: 'short-window',
  code: 'L10',
  severity: 'warning',
  tests: 'A rate over less than four scrape intervals',
  why: 'A late scrape leaves a gap; with less than two samples in the window there is never a value.',
  fix: 'take `$__rate_interval` in Grafana, four scrape intervals or more elsewhere',
  query: (query, { scrapeIntervalSeconds }) =>
    rangesIn(query.expr).flatMap(({ expr: range, around }) => {
      const seconds = range.rangeMs / 1000
      const [outer] = around
      if (outer?.kind !== 'call' || !RATES.has(outer.name) || seconds >= SCRAPES_WANTED * scrapeIntervalSeconds) return []
      if (isTemplated(query, range.place)) return []
      const empty = seconds < SCRAPES_NEEDED * scrapeIntervalSeconds
      const scrapes = Math.floor((seconds / scrapeIntervalSeconds) * 10) / 10
      const message = `${seconds} s hold ${scrapes} scrapes of every ${scrapeIntervalSeconds} s${empty ? ': there is never a rate' : ''}`
      return [foundIn(query, range.place, message)]
    }),
}

const fixedWindow: LintRule = {
  id: 'fixed-window',
  code: 'L10',
  severity: 'info',
  tests: 'A fixed rate window in a dashboard',
  why: 'It neither follows the zoom nor the scrape interval: zoomed out it skips what happened between its windows.',
  fix: 'take `$__rate_interval`',
  query: (query) => {
    if (query.purpose !== 'panel') return []
    return rangesIn(query.expr).flatMap(({ expr: range, around }) => {
      const [outer] = around
      if (outer?.kind !== 'call' || !RATES.has(outer.name) || isTemplated(query, range.place)) return []
      return [foundIn(query, range.place, `a fixed window of ${range.rangeMs / 1000} s`)]
    })
  },
}

const irateInAlert: LintRule = {
  id: 'irate-in-alert',
  code: 'L25',
  severity: 'warning',
  tests: '`irate` in an alert or a recording',
  why: 'It looks at the last two samples only: one quiet scrape resets `for`, one busy scrape fires.',
  fix: 'take `rate`',
  query: (query) => {
    if (query.purpose !== 'alert' && query.purpose !== 'recording') return []
    return callsIn(query.expr, 'irate').map(({ expr }) => foundIn(query, expr.place, '`irate` sees two samples'))
  },
}

/** `30s`, `5m`; anything else (a variable, `auto`) is no number. */
function refreshSeconds(text: string): number | undefined {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text)
  if (match === null) return undefined
  return Number(match[1]) * { ms: 0.001, s: 1, m: 60, h: 3600 }[match[2] as 'ms' | 's' | 'm' | 'h']
}

const fastRefresh: LintRule = {
  id: 'fast-refresh',
  code: 'L26',
  severity: 'info',
  tests: 'A dashboard that refreshes more often than targets are scraped',
  why: 'There is nothing new to draw: it is load on the store only.',
  fix: 'refresh as often as targets are scraped, or more rarely',
  board: (board, { scrapeIntervalSeconds }) => {
    const seconds = board.refresh === undefined ? undefined : refreshSeconds(board.refresh.text)
    if (board.refresh === undefined || seconds === undefined || seconds >= scrapeIntervalSeconds) return []
    const { text, offset } = board.refresh
    const message = `refreshes every ${text}, targets are scraped every ${scrapeIntervalSeconds} s`
    return [{ offset, where: `dashboard "${board.title}"`, message, evidence: `"refresh": "${text}"` }]
  },
}

export const windowRules: readonly LintRule[] = [shortWindow, fixedWindow, irateInAlert, fastRefresh]
