/** One adapter that is loaded or being loaded. */
interface LoadedAdapter {
  /** When its load ends or ended. */
  readonly readyMs: number
  /** Sequences that run with it. */
  running: number
}

/**
 * Which LoRA adapters are in the engine: at most `slots`, those that loading, running or most recently ran ones take. An
 * adapter that is wanted and not there takes the place of the least recently used idle one and is loaded for `loadMs`. vLLM
 * keeps further adapters in the memory of the host (`max_cpu_loras`); here every load costs the same.
 * SOURCE: `max_loras`, `reference/vllm.md` §5.1.
 */
export class AdapterSlots {
  readonly #slots: number
  readonly #loadMs: number
  /** Least recently used first. */
  readonly #loaded = new Map<string, LoadedAdapter>()

  constructor(slots: number, loadMs: number) {
    this.#slots = slots
    this.#loadMs = loadMs
  }

  /** Adapters that sequences run with. */
  get running(): readonly string[] {
    return [...this.#loaded].flatMap(([adapter, { running }]) => (running > 0 ? [adapter] : []))
  }

  /** Those that are there or being loaded, the least recently used first. */
  get loaded(): readonly string[] {
    return [...this.#loaded.keys()]
  }

  /** Whether a sequence can run with it now. One that is not there begins to load if there is a place for it. */
  ready(adapter: string, nowMs: number): boolean {
    let loaded = this.#loaded.get(adapter)
    if (loaded === undefined) {
      if (this.#loaded.size >= this.#slots && !this.#evict(nowMs)) return false
      loaded = { readyMs: nowMs + this.#loadMs, running: 0 }
      this.#loaded.set(adapter, loaded)
    }
    return loaded.readyMs <= nowMs
  }

  /** A sequence runs with it from now on. It must be ready. */
  begin(adapter: string): void {
    const loaded = this.#loaded.get(adapter) as LoadedAdapter
    loaded.running += 1
    this.#loaded.delete(adapter)
    this.#loaded.set(adapter, loaded)
  }

  end(adapter: string): void {
    const loaded = this.#loaded.get(adapter) as LoadedAdapter
    loaded.running -= 1
  }

  /** When the next load ends, later than `nowMs`; Infinity: nothing is being loaded. */
  nextReadyMs(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const { readyMs } of this.#loaded.values()) if (readyMs > nowMs) next = Math.min(next, readyMs)
    return next
  }

  /** Nothing is loaded any more. Nothing may run. */
  clear(): void {
    this.#loaded.clear()
  }

  #evict(nowMs: number): boolean {
    for (const [adapter, { running, readyMs }] of this.#loaded) {
      if (running > 0 || readyMs > nowMs) continue
      this.#loaded.delete(adapter)
      return true
    }
    return false
  }
}
