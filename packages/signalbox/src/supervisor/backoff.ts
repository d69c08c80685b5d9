/** First wait before a crashed role is started again. */
const FIRST_MS = 5_000
const LONGEST_MS = 60_000
/** A role that ran this long is taken to be well again. */
const WELL_AFTER_MS = 120_000

/** How long to wait before each restart of one role: 5 s, doubling to a minute, back to 5 s after two minutes of health. */
export class RestartBackoff {
  #nextMs = FIRST_MS

  /** Called when the role ended; `ranMs` is how long it had run. Answers the wait before the next start. */
  afterRun(ranMs: number): number {
    if (ranMs >= WELL_AFTER_MS) this.#nextMs = FIRST_MS
    const wait = this.#nextMs
    this.#nextMs = Math.min(LONGEST_MS, wait * 2)
    return wait
  }
}
