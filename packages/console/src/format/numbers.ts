/** What stands where a value is not known. Never 0, never empty. */
export const UNKNOWN = 'unknown'

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })
const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** Counts and rates with at most three significant digits: `15.9K`, `0.25`, `1.23M`. Not finite: `unknown`. */
export function formatCount(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN
  return compact.format(value === 0 ? 0 : value)
}

/** Every digit of a whole number, grouped: `1,408`. Not finite: `unknown`. */
export function formatInteger(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN
  return grouped.format(Math.round(value) === 0 ? 0 : value)
}

/** Most decimals that a ratio near 1 gets before it is written as "more than". */
const NINES_MAX = 5

/**
 * A ratio as per cent with one decimal: `91.4 %`. What is not all is never written `100 %` and what is not nothing never
 * `0 %`: decimals are added near 1, and below a thousandth stands `<0.1 %`. Not finite: `unknown`.
 */
export function formatRatio(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return UNKNOWN
  if (ratio < 0) return `−${formatRatio(-ratio)}`
  if (ratio === 0) return '0 %'
  if (ratio === 1) return '100 %'
  if (ratio < 0.001) return '<0.1 %'
  const percent = ratio * 100
  if (ratio > 1) return `${percent.toFixed(percent >= 1000 ? 0 : 1)} %`
  for (let decimals = 1; decimals <= NINES_MAX; decimals += 1) {
    const text = percent.toFixed(decimals)
    if (Number(text) < 100) return `${text} %`
  }
  return `>99.${'9'.repeat(NINES_MAX)} %`
}

/** Digits behind the point so that about three are significant, where `value` is in 0..1000. */
function trimmed(value: number): string {
  if (value >= 99.95) return value.toFixed(0)
  return value.toFixed(value >= 9.995 ? 1 : 2)
}

/** Below ten with two decimals, above without: a column of them stays readable. */
function small(value: number): string {
  return value.toFixed(value >= 9.995 ? 0 : 2)
}

/** Seconds below a minute in µs, ms or s. The bounds are where rounding would reach the next unit, of the numbers that are rounded. */
function shortDuration(seconds: number): string {
  if (seconds * 1e6 < 999.5) return `${small(seconds * 1e6)} µs`
  if (seconds * 1e3 < 999.5) return `${small(seconds * 1e3)} ms`
  return `${trimmed(seconds)} s`
}

/**
 * A duration in seconds, in the unit that fits: `37 ms`, `8.23 s`, `2 min 05 s`, `3 h 07 min`, `2 d 4 h`. Zero is `0 s`. Not
 * finite: `unknown`.
 */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return UNKNOWN
  if (seconds < 0) return `−${formatDuration(-seconds)}`
  if (seconds < 0.5e-9) return '0 s'
  if (seconds < 59.95) return shortDuration(seconds)
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
  const hours = Math.round(seconds / 3600)
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `formatDuration` of milliseconds. */
export function formatMs(ms: number | null | undefined): string {
  return formatDuration(ms === null || ms === undefined ? null : ms / 1000)
}

/** A difference of costs in seconds with its sign left out, two digits: `0.12 s`, `4 ms`. */
export function formatMargin(seconds: number): string {
  const size = Math.abs(seconds)
  if (size >= 0.0995 && size < 59.95) return `${Number(size.toPrecision(2))} s`
  return formatDuration(size)
}

const KIB = 1024

/** Memory in binary units, with their names: `71.2 GiB`, `512 B`. Not finite: `unknown`. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return UNKNOWN
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= KIB
    unit += 1
  }
  return unit === 0 ? `${Math.round(value)} B` : `${Number(trimmed(value))} ${units[unit] ?? ''}`
}

/** `endpoint` or `endpoints`, with the number before it. */
export function plural(count: number, singular: string, many = `${singular}s`): string {
  return `${formatInteger(count)} ${count === 1 ? singular : many}`
}
