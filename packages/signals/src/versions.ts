/** Versions from `from` on (inclusive) and below `below` (exclusive); an absent end is open. */
export interface VersionRange {
  readonly from?: string
  readonly below?: string
}

/** Negative, 0 or positive, as of two dotted numbers; missing parts count as 0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** The first version after all of `version`: '0.10' (with 0.10.2 in it) gives '0.11'. */
export function versionAfter(version: string): string {
  const parts = version.split('.')
  return [...parts.slice(0, -1), String(Number(parts.at(-1)) + 1)].join('.')
}

/** True when some version is in both. */
export function overlap(a: VersionRange, b: VersionRange): boolean {
  return begins(a, b) && begins(b, a)
}

/** The versions in both; an empty range when there are none. */
export function intersection(a: VersionRange, b: VersionRange): VersionRange {
  const from = [a.from, b.from]
    .filter((version) => version !== undefined)
    .sort(compareVersions)
    .at(-1)
  const below = [a.below, b.below]
    .filter((version) => version !== undefined)
    .sort(compareVersions)
    .at(0)
  return { ...(from === undefined ? {} : { from }), ...(below === undefined ? {} : { below }) }
}

/** The smallest range that holds both. */
export function hull(a: VersionRange, b: VersionRange): VersionRange {
  const from = a.from === undefined || b.from === undefined ? undefined : compareVersions(a.from, b.from) < 0 ? a.from : b.from
  const below = a.below === undefined || b.below === undefined ? undefined : compareVersions(a.below, b.below) > 0 ? a.below : b.below
  return { ...(from === undefined ? {} : { from }), ...(below === undefined ? {} : { below }) }
}

/** '0.9.2 to below 0.11', 'from 0.11', 'below 0.9'; '' for all versions. */
export function rangeText({ from, below }: VersionRange): string {
  if (from === undefined) return below === undefined ? '' : `below ${below}`
  return below === undefined ? `from ${from}` : `${from} to below ${below}`
}

function begins(a: VersionRange, b: VersionRange): boolean {
  return a.from === undefined || b.below === undefined || compareVersions(a.from, b.below) < 0
}
