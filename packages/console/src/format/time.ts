import { formatDuration } from './numbers.ts'

const two = (value: number) => String(value).padStart(2, '0')

/** Local time of day, `14:03` or with seconds `14:03:07`. */
export function formatClock(timeMs: number, seconds = false): string {
  const date = new Date(timeMs)
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`
  return seconds ? `${minutes}:${two(date.getSeconds())}` : minutes
}

/** Date and time with the zone, for titles and copies: ISO 8601. */
export function formatInstant(timeMs: number): string {
  return Number.isFinite(timeMs) && Math.abs(timeMs) < 8.64e15 ? new Date(timeMs).toISOString() : 'unknown'
}

/** An age in coarse words: `just now`, `2 s`, `4 min`, `3 h`. Negative ages (clocks that differ) count as none. */
export function formatAge(ageMs: number): string {
  const seconds = Math.floor(ageMs / 1000)
  if (seconds < 1) return 'just now'
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** `updated just now`, `updated 2 s ago`. */
export function formatUpdated(ageMs: number): string {
  const age = formatAge(ageMs)
  return age === 'just now' ? 'updated just now' : `updated ${age} ago`
}

/** The age of one signal, fine enough to judge it: below ten seconds with its milliseconds. */
export function formatSignalAge(ageMs: number): string {
  return ageMs <= 0 ? 'now' : formatDuration(ageMs / 1000)
}
