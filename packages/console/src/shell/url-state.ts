import type { DecisionStatus } from '../api-types.ts'
import { decisionStatuses } from '../api-types.ts'
import { DEFAULT_RANGE, formatRange, parseRange, type TimeRange } from './time-range.ts'

export type Theme = 'auto' | 'light' | 'dark'

/** Everything of the console's state that a link carries. */
export interface UrlState {
  readonly range: TimeRange
  readonly live: boolean
  /** Undefined: the link does not say, this browser's own choice stands. */
  readonly theme: Theme | undefined
  /** Empty: every model. */
  readonly model: string
  readonly endpoint: string
  readonly status: DecisionStatus | ''
  /** 0: any. */
  readonly minTtftMs: number
}

const isTheme = (text: string | null): text is Theme => text === 'auto' || text === 'light' || text === 'dark'
const isStatus = (text: string): text is DecisionStatus => (decisionStatuses as readonly string[]).includes(text)

/** Reads a query string; what is missing or malformed has its default. `var-model` is Grafana's spelling of `model`. */
export function readUrlState(search: string): UrlState {
  const query = new URLSearchParams(search)
  const theme = query.get('theme')
  const status = query.get('status') ?? ''
  const minTtftMs = Number(query.get('min_ttft_ms') ?? 0)
  return {
    range: parseRange(query.get('from')) ?? DEFAULT_RANGE,
    live: query.get('live') !== '0',
    theme: isTheme(theme) ? theme : undefined,
    model: query.get('model') ?? query.get('var-model') ?? '',
    endpoint: query.get('endpoint') ?? '',
    status: isStatus(status) ? status : '',
    minTtftMs: Number.isFinite(minTtftMs) && minTtftMs > 0 ? minTtftMs : 0,
  }
}

/** A query string with the changes in it: defaults are left out, keys that are not ours stay as they are. */
export function changeUrlState(search: string, changes: Partial<UrlState>): string {
  const query = new URLSearchParams(search)
  const put = (key: string, value: string) => {
    if (value === '') query.delete(key)
    else query.set(key, value)
  }
  if (changes.range !== undefined) put('from', changes.range.seconds === DEFAULT_RANGE.seconds ? '' : formatRange(changes.range))
  if (changes.live !== undefined) put('live', changes.live ? '' : '0')
  if ('theme' in changes) put('theme', changes.theme ?? '')
  if (changes.model !== undefined) {
    query.delete('var-model')
    put('model', changes.model)
  }
  if (changes.endpoint !== undefined) put('endpoint', changes.endpoint)
  if (changes.status !== undefined) put('status', changes.status)
  if (changes.minTtftMs !== undefined) put('min_ttft_ms', changes.minTtftMs > 0 ? String(changes.minTtftMs) : '')
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
