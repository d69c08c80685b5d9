import type { KvEvent } from '@signalbox/kv-events'
import type { KvEventNotice } from '@signalbox/node'

/** What an engine's prefix cache holds, learnt from its events alone. */
export class EventMirror {
  /** Sequence number of the next batch. */
  next = 0
  readonly seen: string[] = []
  /** By the block before ('' at the start) and the tokens: the hash and how many blocks hold it. */
  readonly #blocks = new Map<string, { hash: bigint; held: number }>()
  readonly #byHash = new Map<bigint, { hash: bigint; held: number }>()

  /** Content that can be found now. */
  get findable(): number {
    let findable = 0
    for (const { held } of this.#byHash.values()) if (held > 0) findable += 1
    return findable
  }

  apply(notice: KvEventNotice): void {
    this.seen.push(notice.kind === 'batch' ? notice.origin : notice.kind)
    if (notice.kind === 'restart') {
      this.#clear()
      this.next = 0
    }
    if (notice.kind !== 'batch') return
    this.next = notice.sequence + 1
    for (const event of notice.batch.events) this.#applyEvent(event)
  }

  /** Tokens of this prompt that an engine with this cache need not compute. */
  cachedTokens(prompt: readonly number[], blockTokens: number): number {
    let parent: bigint | undefined
    let blocks = 0
    // The last token is computed whatever is cached.
    while ((blocks + 1) * blockTokens < prompt.length) {
      const block = this.#blocks.get(keyOf(parent, prompt.slice(blocks * blockTokens, (blocks + 1) * blockTokens)))
      if (block === undefined || block.held === 0) break
      parent = block.hash
      blocks += 1
    }
    return blocks * blockTokens
  }

  #applyEvent(event: KvEvent): void {
    if (event.type === 'cleared') this.#clear()
    if (event.type === 'removed') for (const hash of event.hashes) this.#count(hash, -1)
    if (event.type !== 'stored') return
    const { hashes, tokens, blockTokens } = event
    if (tokens.length !== hashes.length * blockTokens) throw new Error(`${tokens.length} tokens of ${hashes.length} blocks`)
    let { parent } = event
    hashes.forEach((hash, index) => {
      const key = keyOf(parent, tokens.slice(index * blockTokens, (index + 1) * blockTokens))
      const block = this.#byHash.get(hash) ?? { hash, held: 0 }
      this.#byHash.set(hash, block)
      this.#blocks.set(key, block)
      this.#count(hash, 1)
      parent = hash
    })
  }

  #count(hash: bigint, by: number): void {
    const block = this.#byHash.get(hash)
    if (block === undefined || block.held + by < 0) throw new Error(`block ${hash} was removed and is not there`)
    block.held += by
  }

  #clear(): void {
    this.#blocks.clear()
    this.#byHash.clear()
  }
}

function keyOf(parent: bigint | undefined, tokens: readonly number[]): string {
  return `${parent ?? ''}:${tokens.join(',')}`
}
