import { editDistance } from '@signalbox/base'

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
