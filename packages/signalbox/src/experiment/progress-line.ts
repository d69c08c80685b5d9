/** Where progress is written: standard error, because results go to standard output. */
export interface ProgressOut {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

/** How far something is. */
export interface ProgressState {
  /** 0..1. */
  readonly share: number
  readonly elapsedMs: number
  /** What is done, in words. */
  readonly detail: string
}

/** A bar that is written over in place on a terminal, and elsewhere a line every ten seconds. */
export class ProgressLine {
  readonly #out: ProgressOut
  readonly #label: string
  #lastMs = 0
  #width = 0

  constructor(out: ProgressOut, label: string) {
    this.#out = out
    this.#label = label
  }

  /** May be called as often as one likes: what comes too soon after the last is left out. */
  show(state: ProgressState): void {
    const isTerminal = this.#out.isTTY === true
    if (state.elapsedMs - this.#lastMs < (isTerminal ? TERMINAL_MS : LOG_MS)) return
    this.#lastMs = state.elapsedMs
    const line = progressText(this.#label, state)
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
    if (this.#width > 0) this.#out.write(`\r${' '.repeat(this.#width)}\r`)
    this.#width = 0
  }
}

const TERMINAL_MS = 100
const LOG_MS = 10_000
const CELLS = 24
/** From this share on the pace so far says how long the rest takes. */
const FORETOLD_FROM = 0.01

/** `label [##########--------------] 42 %, 3 of 10 runs, about 40 s left`. */
export function progressText(label: string, { share, elapsedMs, detail }: ProgressState): string {
  const done = Math.min(1, Math.max(0, share))
  const filled = Math.floor(done * CELLS)
  const left = done > FORETOLD_FROM && done < 1 ? `, about ${durationText((elapsedMs * (1 - done)) / done)} left` : ''
  return `${label} [${'#'.repeat(filled)}${'-'.repeat(CELLS - filled)}] ${Math.floor(done * 100)} %, ${detail}${left}`
}

function durationText(ms: number): string {
  return ms < 90_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.ceil(ms / 60_000)} min`
}
