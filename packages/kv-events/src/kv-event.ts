/** Consecutive blocks of one sequence can be found in the prefix cache from now on. SOURCE of all fields: `docs/formats/kv-events.md`. */
export interface StoredEvent {
  readonly type: 'stored'
  /** Unsigned 64-bit, in the order of the sequence. Each stands for its block and all before it. */
  readonly hashes: readonly bigint[]
  /** The block before the first; undefined: they start the sequence. */
  readonly parent: bigint | undefined
  /** Of all the blocks, in order; `blockTokens` each, but some producers give none, or those of blocks that they leave out too. */
  readonly tokens: readonly number[]
  /** Tokens of a block. */
  readonly blockTokens: number
  /** LoRA adapter that computed them (`lora_name`); undefined: the base model. */
  readonly adapter: string | undefined
  /** Where they lie: `GPU`, `CPU`; undefined: not said. */
  readonly medium: string | undefined
  /** The adapter's number (`lora_id`), of producers that have no names. */
  readonly adapterId?: number
  /** What else went into the hashes, one element a block, as the producer wrote it. Integers of 64 bits are bigints. */
  readonly extraKeys?: readonly unknown[]
  /** Number of the group of layers that the blocks belong to, in models with several kinds of attention. */
  readonly group?: number
  readonly specKind?: string
  /** In tokens. */
  readonly slidingWindow?: number
}

/** Blocks cannot be found any more. */
export interface RemovedEvent {
  readonly type: 'removed'
  readonly hashes: readonly bigint[]
  readonly medium: string | undefined
  readonly group?: number
}

/** No block can be found any more. */
export interface ClearedEvent {
  readonly type: 'cleared'
}

export type KvEvent = StoredEvent | RemovedEvent | ClearedEvent

/** What one step of an engine changed in its prefix cache, in order. */
export interface KvEventBatch {
  /** Seconds since the epoch. */
  readonly ts: number
  readonly events: readonly KvEvent[]
  readonly dataParallelRank: number | undefined
}

/** Why a message is none. */
export interface KvEventError {
  /** `too-large`: beyond one of `limits`. `malformed`: not MessagePack, or not what vLLM writes. */
  readonly code: 'too-large' | 'malformed'
  /** Names the place and what is there: `events[2].block_hashes[0]: expected ..., found a string`. */
  readonly message: string
}

/** What a message may hold; the reasons are sums. */
export const limits = {
  /** A prompt of 1 M tokens takes at most 5.6 MiB: five bytes a token, nine a hash. */
  payloadBytes: 16 * 1024 * 1024,
  /** A batch is a node, its events, an event, its hashes, and what producers nest into `extra_keys`. */
  depth: 16,
  eventsOfBatch: 65_536,
  /** 1 M tokens in blocks of 16. */
  hashesOfEvent: 65_536,
  tokensOfEvent: 1_048_576,
  /** SHA-512 is the longest digest in use. */
  hashBytes: 64,
  /** Characters of a name. */
  nameLength: 1024,
  topicBytes: 4096,
} as const
