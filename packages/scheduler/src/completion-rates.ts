/** Seconds of prior evidence, and the span over which busy time is forgotten. */
const PRIOR_SECONDS = 10
const MEMORY_SECONDS = 60
const PRIOR_TOKENS_PER_SECOND = 2000
const PRIOR_FINISHES_PER_SECOND = 1

/**
 * How fast each endpoint gives memory and slots back, from this gateway's own completions there.
 *
 * Counted over busy time alone (something of ours in flight), and forgotten over busy time with a time
 * constant of 60 s: an endpoint that idles keeps its rate instead of seeming to slow down. The prior is
 * 2,000 tokens/s and one request a second, weighing as much as 10 busy seconds.
 */
export class CompletionRates {
  readonly #busySeconds: Float64Array
  readonly #tokens: Float64Array
  readonly #finishes: Float64Array
  readonly #sinceMs: Float64Array

  constructor(slotsMax: number) {
    this.#busySeconds = new Float64Array(slotsMax)
    this.#tokens = new Float64Array(slotsMax)
    this.#finishes = new Float64Array(slotsMax)
    this.#sinceMs = new Float64Array(slotsMax)
  }

  resetSlot(slot: number): void {
    this.#busySeconds[slot] = 0
    this.#tokens[slot] = 0
    this.#finishes[slot] = 0
  }

  /** The number in flight is about to change at `nowMs`; it was `inFlight` until now. */
  changing(slot: number, inFlight: number, nowMs: number): void {
    const seconds = inFlight > 0 ? (nowMs - at(this.#sinceMs, slot)) / 1000 : 0
    this.#sinceMs[slot] = nowMs
    if (seconds <= 0) return
    const keep = Math.exp(-seconds / MEMORY_SECONDS)
    // The busy time itself decays while it grows: its limit is the memory.
    this.#busySeconds[slot] = at(this.#busySeconds, slot) * keep + MEMORY_SECONDS * (1 - keep)
    this.#tokens[slot] = at(this.#tokens, slot) * keep
    this.#finishes[slot] = at(this.#finishes, slot) * keep
  }

  /** A request ended there and gave `tokens` of KV cache back. */
  finished(slot: number, tokens: number): void {
    this.#tokens[slot] = at(this.#tokens, slot) + tokens
    this.#finishes[slot] = at(this.#finishes, slot) + 1
  }

  freedTokensPerSecond(slot: number): number {
    return (at(this.#tokens, slot) + PRIOR_TOKENS_PER_SECOND * PRIOR_SECONDS) / (at(this.#busySeconds, slot) + PRIOR_SECONDS)
  }

  finishesPerSecond(slot: number): number {
    return (at(this.#finishes, slot) + PRIOR_FINISHES_PER_SECOND * PRIOR_SECONDS) / (at(this.#busySeconds, slot) + PRIOR_SECONDS)
  }
}

function at(column: Float64Array, slot: number): number {
  return column[slot] as number
}
