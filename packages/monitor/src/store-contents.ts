import type { Clock } from '@signalbox/base'
import { modelSources, presentDialects, presentSpellings, type Spoken } from '@signalbox/dashboards'
import { dialects } from '@signalbox/signals'
import type { Store, StoreQuery } from './ports.ts'

/** The console asks every few seconds, and a new dialect comes with a new target: answers may be this old. */
const FRESH_MS = 10_000

/** Series that stopped this long ago still count: about the widest range that the console offers. */
const LOOKBACK_MS = 6 * 3_600_000

/** Names, and models, that are looked at; a store with more is told from the first ones in order. */
const VALUES_MAX = 20_000

const TIMEOUT_MS = 2_000

/** What is drawn before anything was scraped: the engine that most speak like, and our own gateway. */
const EXPECTED: Spoken = { dialects: ['vllm', 'llm-d-epp', 'signalbox', 'process'] }

/** What the store holds, as far as expressions depend on it; remembered for 10 s. */
export class StoreContents {
  readonly #store: Store
  readonly #clock: Clock
  #spoken: Remembered<Spoken> | undefined
  #models: Remembered<readonly string[]> | undefined

  constructor(deps: { readonly store: Store; readonly clock: Clock }) {
    this.#store = deps.store
    this.#clock = deps.clock
  }

  /** The dialects of the series in the store, and how they are spelled; without any, or where the store does not answer at once, what is expected. Never empty, and with an engine's. */
  spoken(): Promise<Spoken> {
    this.#spoken = this.#remembered(this.#spoken, async () => {
      const names = await this.#values({ name: '__name__', match: [] })
      const present = presentDialects(names)
      if (present.length === 0) return EXPECTED
      return { dialects: present.some((id) => dialects[id].engine) ? present : ['vllm', ...present], spellings: presentSpellings(names) }
    })
    return this.#spoken.value
  }

  /** The models that engines in the store serve, sorted; empty where none says so. */
  models(): Promise<readonly string[]> {
    this.#models = this.#remembered(this.#models, async () => {
      const lists = await Promise.all(modelSources(await this.spoken()).map(({ label, match }) => this.#values({ name: label, match })))
      return [...new Set(lists.flat())].filter((name) => name !== '').sort()
    })
    return this.#models.value
  }

  #remembered<T>(last: Remembered<T> | undefined, ask: () => Promise<T>): Remembered<T> {
    const nowMs = this.#clock.nowMs()
    const { epoch } = this.#store
    if (last !== undefined && last.epoch === epoch && nowMs - last.askedMs < FRESH_MS) return last
    return { value: ask(), askedMs: nowMs, epoch }
  }

  async #values({ name, match }: { readonly name: string; readonly match: readonly string[] }): Promise<readonly string[]> {
    const nowMs = Math.floor(this.#clock.nowMs())
    const query: StoreQuery = { kind: 'label-values', name, match, startMs: nowMs - LOOKBACK_MS, endMs: nowMs, limit: VALUES_MAX }
    const answer = await this.#store.query(query, { timeoutMs: TIMEOUT_MS })
    if (!answer.ok) return []
    const list: unknown = JSON.parse(new TextDecoder().decode(answer.value.data))
    return Array.isArray(list) ? list.filter((value) => typeof value === 'string') : []
  }
}

interface Remembered<T> {
  readonly value: Promise<T>
  readonly askedMs: number
  /** Of the store: another one holds something else. */
  readonly epoch: number
}
