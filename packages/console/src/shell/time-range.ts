/** A span that ends now. */
export interface TimeRange {
  readonly seconds: number
}

export const DEFAULT_RANGE: TimeRange = { seconds: 15 * 60 }

/** What the header offers. */
export const rangePresets: readonly TimeRange[] = [300, 900, 3600, 3 * 3600, 6 * 3600].map((seconds) => ({ seconds }))

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
const RANGE_SECONDS_MIN = 60
const RANGE_SECONDS_MAX = 7 * 86_400

/** Reads `now-15m` (s, m, h, d), one minute to seven days; anything else is undefined. */
export function parseRange(from: string | null): TimeRange | undefined {
  const match = /^now-(\d{1,6})([smhd])$/.exec(from ?? '')
  if (match === null) return undefined
  const seconds = Number(match[1]) * (UNIT_SECONDS[match[2] ?? ''] ?? 0)
  return seconds >= RANGE_SECONDS_MIN && seconds <= RANGE_SECONDS_MAX ? { seconds } : undefined
}

/** `15m`, in the largest unit that leaves a whole number. */
export function rangeLabel(range: TimeRange): string {
  const unit = (['d', 'h', 'm'] as const).find((name) => range.seconds % (UNIT_SECONDS[name] ?? 1) === 0) ?? 's'
  return `${range.seconds / (UNIT_SECONDS[unit] ?? 1)}${unit}`
}

/** `now-15m`; `parseRange` reads it back. */
export function formatRange(range: TimeRange): string {
  return `now-${rangeLabel(range)}`
}

/** Distance of points in ms: about 240 in the range, never closer than `scrapeMs`, a whole multiple of it. */
export function rangeStepMs(range: TimeRange, scrapeMs = 5000): number {
  return Math.max(1, Math.ceil((range.seconds * 1000) / 240 / scrapeMs)) * scrapeMs
}
