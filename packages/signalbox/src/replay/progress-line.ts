/** A bar that is written over in place on a terminal, and a line now and then elsewhere. */
export class ProgressLine {
  readonly #out: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown }
  readonly #label: string
  #lastMs = Number.NEGATIVE_INFINITY
  #width = 0

  /** Writes to `out`, which should be standard error: results go to standard output. */
  constructor(out: NodeJS.WriteStream, label: string) {
    this.#out = out
    this.#label = label
  }

  /** `share` 0..1 is done after `elapsedMs`; `detail` says in words what. */
  show(share: number, elapsedMs: number, detail: string): void {
    const isTerminal = this.#out.isTTY === true
    if (elapsedMs - this.#lastMs < (isTerminal ? TERMINAL_MS : LOG_MS)) return
    this.#lastMs = elapsedMs
    const line = progressText(this.#label, { share, elapsedMs, detail })
    if (!isTerminal) {
      this.#out.write(`${line}\n`)
      return
    }
    const cut = line.slice(0, (this.#out.columns ?? 80) - 1)
    this.#out.write(`\r${cut.padEnd(this.#width)}`)
    this.#width = cut.length
  }

  /** Clears the bar. */
  end(): void {
    if (this.#out.isTTY === true && this.#width > 0) this.#out.write(`\r${' '.repeat(this.#width)}\r`)
    this.#width = 0
  }
}

const TERMINAL_MS = 100
const LOG_MS = 10_000
const CELLS = 24

/** `label [#####-----] 42 %, 3 of 10 runs, about 40 s left`. */
export function progressText(label: string, now: { readonly share: number; readonly elapsedMs: number; readonly detail: string }): string {
  const share = Math.min(1, Math.max(0, now.share))
  const filled = Math.round(share * CELLS)
  const leftMs = share > 0.01 ? (now.elapsedMs * (1 - share)) / share : Number.NaN
  const left = Number.isNaN(leftMs) ? '' : `, about ${leftMs < 90_000 ? `${Math.ceil(leftMs / 1000)} s` : `${Math.ceil(leftMs / 60_000)} min`} left`
  return `${label} [${'#'.repeat(filled)}${'-'.repeat(CELLS - filled)}] ${Math.floor(share * 100)} %, ${now.detail}${left}`
}
