/** The candidate with the fewest single-letter changes from `word`, at most `changesMax` (Levenshtein); undefined when none is that near. */
export function nearestName(word: string, candidates: Iterable<string>, changesMax: number): string | undefined {
  let best: string | undefined
  let limit = changesMax + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= limit) continue
    const changes = changesBetween(word, candidate)
    if (changes < limit) {
      best = candidate
      limit = changes
    }
  }
  return best
}

function changesBetween(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(substituted, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}
