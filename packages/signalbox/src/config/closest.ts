/** The known word nearest to `word` by edit distance (Levenshtein), if it is near enough to be meant. */
export function closest(word: string, known: readonly string[]): string | undefined {
  return nearest(word, known, 1)[0]
}

/** At most `count` known words that are near enough to `word` to be meant, the nearest first; of equals, in their own order. */
export function nearest(word: string, known: readonly string[], count: number): readonly string[] {
  const distanceMax = Math.max(2, Math.floor(word.length / 3))
  return known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= distanceMax)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ candidate }) => candidate)
}

function editDistance(a: string, b: string): number {
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
