import { editDistance } from '@signalbox/base'

/** The candidate with the fewest single-letter changes from `word`, at most `changesMax` (Levenshtein); undefined when none is that near. */
export function nearestName(word: string, candidates: Iterable<string>, changesMax: number): string | undefined {
  let best: string | undefined
  let limit = changesMax + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= limit) continue
    const changes = editDistance(word, candidate)
    if (changes < limit) {
      best = candidate
      limit = changes
    }
  }
  return best
}
