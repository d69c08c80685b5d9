const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]
const PATTERN = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/

/** Milliseconds of `1h30m`; units from large to small, each at most once; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = text === '' ? null : PATTERN.exec(text)
  if (match === null) return undefined
  let total = 0
  for (let i = 0; i < UNITS.length; i++) total += Number(match[i + 1] ?? 0) * (UNITS[i] as readonly [string, number])[1]
  return total
}

/** The canonical text of a whole, non-negative number of milliseconds. Years, weeks and days only when exact, as Prometheus prints them. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s'
  let rest = durationMs
  let text = ''
  for (const [unit, ms] of UNITS) {
    const exactOnly = unit === 'y' || unit === 'w' || unit === 'd'
    if (exactOnly && rest % ms !== 0) continue
    const count = Math.floor(rest / ms)
    if (count === 0) continue
    text += `${count}${unit}`
    rest -= count * ms
  }
  return text
}
