/** Seconds over which retries are weighed against requests. */
const WINDOW_SECONDS = 10
const REQUEST_RATIO = 0.2
const PER_SECOND = 10

/**
 * How many retries a gateway allows itself: over the last ten seconds a fifth of its requests and ten a second more.
 * SOURCE: design, "What happens when things go wrong". Two rings of ten one-second counts.
 */
export class RetryAllowance {
  readonly #requests = new Float64Array(WINDOW_SECONDS)
  readonly #retries = new Float64Array(WINDOW_SECONDS)
  #second = 0

  /** A request arrived, at its first attempt. */
  requested(nowMs: number): void {
    add(this.#requests, this.#slotAt(nowMs))
  }

  /** Takes one retry; false: there is none left. */
  take(nowMs: number): boolean {
    const slot = this.#slotAt(nowMs)
    if (sum(this.#retries) + 1 > REQUEST_RATIO * sum(this.#requests) + PER_SECOND * WINDOW_SECONDS) return false
    add(this.#retries, slot)
    return true
  }

  /** The count of this second, after those that left the window were emptied. */
  #slotAt(nowMs: number): number {
    const second = Math.floor(nowMs / 1000)
    const first = Math.max(this.#second + 1, second - WINDOW_SECONDS + 1)
    for (let past = first; past <= second; past += 1) {
      this.#requests[past % WINDOW_SECONDS] = 0
      this.#retries[past % WINDOW_SECONDS] = 0
    }
    this.#second = Math.max(this.#second, second)
    return this.#second % WINDOW_SECONDS
  }
}

function add(counts: Float64Array, slot: number): void {
  counts[slot] = (counts[slot] as number) + 1
}

function sum(counts: Float64Array): number {
  let total = 0
  for (const count of counts) total += count
  return total
}
