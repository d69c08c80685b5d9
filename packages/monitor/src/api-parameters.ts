import { failure, ok, type Result } from '@signalbox/base'

/** Why a parameter is wrong, worded as Prometheus words it. */
export type ParameterResult<T> = Result<T, string>

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/

/** Milliseconds of year, week, day, hour, minute, second, millisecond. SOURCE: prometheus/common model/time.go. */
const UNITS_MS = [31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1_000, 1]

/** The last instant of ECMAScript's time range. */
const TIME_MS_MAX = 8.64e15

/** 2^63 nanoseconds, the longest duration of Prometheus, in milliseconds. */
const DURATION_MS_MAX = 9_223_372_036_854

/** Unix seconds, fractions allowed, or RFC 3339; answers whole milliseconds. */
export function parseTime(text: string): ParameterResult<number> {
  const timeMs = FLOAT.test(text) ? Math.round(Number(text) * 1000) : RFC3339.test(text) ? Math.floor(Date.parse(text)) : Number.NaN
  return Math.abs(timeMs) <= TIME_MS_MAX ? ok(timeMs) : failure(`cannot parse ${JSON.stringify(text)} to a valid timestamp`)
}

/** Seconds, fractions allowed, or a duration such as `1m30s`; answers milliseconds. Negative seconds are for the caller to refuse. */
export function parseDuration(text: string): ParameterResult<number> {
  const durationMs = FLOAT.test(text) ? Number(text) * 1000 : unitsMs(text)
  if (Number.isNaN(durationMs)) return failure(`cannot parse ${JSON.stringify(text)} to a valid duration`)
  if (Math.abs(durationMs) > DURATION_MS_MAX) return failure(`cannot parse ${JSON.stringify(text)} to a valid duration. It overflows int64`)
  return ok(durationMs)
}

/** A number of results, undefined for no limit: 0 and the empty text. */
export function parseLimit(text: string | null): ParameterResult<number | undefined> {
  if (text === null || text === '') return ok(undefined)
  if (!/^[+-]?\d{1,15}$/.test(text)) return failure(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
  const limit = Number(text)
  if (limit < 0) return failure('limit must be non-negative')
  return ok(limit === 0 ? undefined : limit)
}

function unitsMs(text: string): number {
  const parts = text === '' ? null : DURATION.exec(text)
  if (parts === null) return Number.NaN
  return UNITS_MS.reduce((sum, unitMs, i) => sum + Number(parts[i + 1] ?? 0) * unitMs, 0)
}
