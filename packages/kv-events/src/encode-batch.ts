import { encode } from '@msgpack/msgpack'
import { assert, unreachable } from '@signalbox/base'
import type { KvEvent, KvEventBatch } from './kv-event.ts'

/** `array`: vLLM's fields by position, of versions that most consumers know. `map`: by name, of newer ones. */
export type Encoding = 'array' | 'map'

/** `int`: the 64 bits alone (vLLM's default). `bytes`: 32 bytes. */
export type HashForm = 'int' | 'bytes'

/** The batch's payload, byte for byte what vLLM's encoder writes for the same fields. A new array of its own. SOURCE: `docs/formats/kv-events.md`. */
export function encodeBatch({ ts, events, dataParallelRank }: KvEventBatch, encoding: Encoding, hashes: HashForm): Uint8Array {
  assert(Number.isFinite(ts), `ts ${ts}`)
  const hash = hashes === 'int' ? integerOf : bytesOf
  const encoded = events.map((event) => (encoding === 'array' ? arrayOf(event, hash) : mapOf(event, hash)))
  const batch =
    encoding === 'array' ? [PLACE_OF_TS, encoded, dataParallelRank] : { ts: PLACE_OF_TS, events: encoded, data_parallel_rank: dataParallelRank }
  const payload = encode(batch, OPTIONS)
  new DataView(payload.buffer, payload.byteOffset).setFloat64(TS_OFFSET[encoding], ts)
  return payload
}

/** The encoder writes whole numbers as integers, vLLM a float64 always: this one is written as a float64, and the true value over it. */
const PLACE_OF_TS = 0.5

/** After the head of the array, or of the map and its first key, and the float's own head. */
const TS_OFFSET = { array: 2, map: 5 } as const

/** Undefined: nil in an array, left out of a map. */
const OPTIONS = { useBigInt64: true, ignoreUndefined: true } as const

type EncodeHash = (hash: bigint) => number | bigint | Uint8Array

function arrayOf(event: KvEvent, hash: EncodeHash): unknown[] {
  switch (event.type) {
    case 'stored':
      return [
        'BlockStored',
        event.hashes.map(hash),
        event.parent === undefined ? null : hash(event.parent),
        event.tokens,
        event.blockTokens,
        event.adapterId,
        event.medium,
        event.adapter,
        event.extraKeys,
        event.group,
        event.specKind,
        event.slidingWindow,
      ]
    case 'removed':
      return ['BlockRemoved', event.hashes.map(hash), event.medium, event.group]
    case 'cleared':
      return ['AllBlocksCleared']
    default:
      return unreachable(event)
  }
}

/** Null where vLLM has no default and so writes nil; undefined where it leaves the field out. */
function mapOf(event: KvEvent, hash: EncodeHash): Record<string, unknown> {
  switch (event.type) {
    case 'stored':
      return {
        type: 'BlockStored',
        block_hashes: event.hashes.map(hash),
        parent_block_hash: event.parent === undefined ? null : hash(event.parent),
        token_ids: event.tokens,
        block_size: event.blockTokens,
        lora_id: event.adapterId ?? null,
        medium: event.medium ?? null,
        lora_name: event.adapter ?? null,
        extra_keys: event.extraKeys,
        group_idx: event.group,
        kv_cache_spec_kind: event.specKind,
        kv_cache_spec_sliding_window: event.slidingWindow,
      }
    case 'removed':
      return { type: 'BlockRemoved', block_hashes: event.hashes.map(hash), medium: event.medium ?? null, group_idx: event.group }
    case 'cleared':
      return { type: 'AllBlocksCleared' }
    default:
      return unreachable(event)
  }
}

const UINT32_MAX = 0xffff_ffffn
const UINT64_MAX = 0xffff_ffff_ffff_ffffn

/** In its shortest form: the encoder gives every bigint nine bytes, and every number above 32 bits a float. */
function integerOf(hash: bigint): number | bigint {
  checkHash(hash)
  return hash <= UINT32_MAX ? Number(hash) : hash
}

function bytesOf(hash: bigint): Uint8Array {
  checkHash(hash)
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setBigUint64(24, hash)
  return bytes
}

function checkHash(hash: bigint): void {
  assert(hash >= 0n && hash <= UINT64_MAX, `hash ${hash} is no unsigned 64-bit integer`)
}
