import type { Trace } from '@signalbox/replay'

/** Most characters of answers that are kept for later prompts; beyond it a later prompt has made-up words instead. */
const keptCharsMax = 256 * 1024 * 1024

/**
 * What was really answered, for later prompts that contain it: a conversation goes on with the server's own words, so that what the
 * server generated is in its cache. An answer is kept from its end until the last request that quotes it was sent.
 */
export class AnswerTexts {
  readonly #lastUse = new Map<number, number>()
  readonly #texts = new Map<number, string>()
  #chars = 0

  constructor(trace: Trace) {
    const answers = new Set(trace.requests.map(({ output }) => output.id))
    trace.requests.forEach(({ prompt }, index) => {
      for (const { id } of prompt.segments) if (answers.has(id)) this.#lastUse.set(id, index)
    })
  }

  /** Whether a later prompt contains the answer with this segment id. */
  wants(id: number): boolean {
    return this.#lastUse.has(id)
  }

  keep(id: number, text: string): void {
    if (!this.wants(id) || this.#texts.has(id) || this.#chars + text.length > keptCharsMax) return
    this.#texts.set(id, text)
    this.#chars += text.length
  }

  /** The answer, undefined where there was none: it failed, or did not fit. */
  get(id: number): string | undefined {
    return this.#texts.get(id)
  }

  /** Request `index` was sent with these segments: answers that nobody asks for later are forgotten. */
  sent(index: number, ids: Iterable<number>): void {
    for (const id of ids) {
      const text = this.#texts.get(id)
      if (text === undefined || this.#lastUse.get(id) !== index) continue
      this.#texts.delete(id)
      this.#chars -= text.length
    }
  }
}
