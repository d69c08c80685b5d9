import { decode } from '@msgpack/msgpack'
import { failure, ok, type Result } from '@signalbox/base'
import { type ClearedEvent, type KvEvent, type KvEventBatch, type KvEventError, limits, type RemovedEvent, type StoredEvent } from './kv-event.ts'
import { shapeProblem } from './payload-shape.ts'

export interface DecodeOptions {
  /** Reads a parent of 0 as none, as one older producer means it. Default false: 0 is a hash like any other. */
  readonly zeroParentIsNone?: boolean
}

export interface DecodedBatch extends KvEventBatch {
  /** Events of types that are not known; they are not among `events`. */
  readonly unknownEvents: number
}

/**
 * Reads a payload in either encoding, of old producers and new: `docs/formats/kv-events.md` says what is passed over. Takes any bytes, never
 * throws, and allocates no more than a small multiple of their length. Hashes come as unsigned 64-bit whatever their form.
 */
export function decodeBatch(bytes: Uint8Array, options: DecodeOptions = {}): Result<DecodedBatch, KvEventError> {
  const problem = shapeProblem(bytes)
  if (problem !== undefined) return failure(problem)
  let value: unknown
  try {
    value = decode(bytes, { useBigInt64: true })
  } catch (error) {
    // What the shape leaves open: keys of maps that are no text, dates out of range.
    return failure({ code: 'malformed', message: `the payload is not a batch: ${(error as Error).message}` })
  }
  const problems: KvEventError[] = []
  const batch = batchIn(value, { problems, zeroParentIsNone: options.zeroParentIsNone ?? false })
  const [first] = problems
  return batch === undefined || first !== undefined ? failure(first ?? expected('the payload', 'a batch', value)) : ok(batch)
}

interface Reading {
  /** Those met; reading stops at the first. */
  readonly problems: KvEventError[]
  readonly zeroParentIsNone: boolean
}

/** Fields of a node by name, whatever it was encoded as. Of arrays `order` names the elements. */
type Fields = Readonly<Record<string, unknown>>

const BATCH = ['ts', 'events', 'data_parallel_rank'] as const
const STORED = [
  'type',
  'block_hashes',
  'parent_block_hash',
  'token_ids',
  'block_size',
  'lora_id',
  'medium',
  'lora_name',
  'extra_keys',
  'group_idx',
  'kv_cache_spec_kind',
  'kv_cache_spec_sliding_window',
] as const
const REMOVED = ['type', 'block_hashes', 'medium', 'group_idx'] as const

function batchIn(value: unknown, reading: Reading): DecodedBatch | undefined {
  const fields = fieldsOf(value, BATCH)
  if (fields === undefined) return undefined
  const ts = finite(fields['ts'])
  if (ts === undefined) return note(reading, expected('ts', 'a number', fields['ts']))
  const list = fields['events']
  if (!Array.isArray(list)) return note(reading, expected('events', 'an array', list))
  if (list.length > limits.eventsOfBatch) return note(reading, tooMany('events', list.length, limits.eventsOfBatch))
  const dataParallelRank = optional(fields, 'data_parallel_rank', { at: '', reading, read: integer, what: 'an integer' })
  const events: KvEvent[] = []
  let unknownEvents = 0
  for (let index = 0; index < list.length && reading.problems.length === 0; index++) {
    const event = eventIn(list[index], `events[${index}]`, reading)
    if (event === 'unknown') unknownEvents += 1
    else if (event !== undefined) events.push(event)
  }
  return { ts, events, dataParallelRank, unknownEvents }
}

function eventIn(value: unknown, at: string, reading: Reading): KvEvent | 'unknown' | undefined {
  const tag = Array.isArray(value) ? value[0] : isMap(value) ? value['type'] : undefined
  if (typeof tag !== 'string') return note(reading, expected(at, 'an event with its type', value))
  switch (tag) {
    case 'BlockStored':
      return storedIn(fieldsOf(value, STORED) as Fields, at, reading)
    case 'BlockRemoved':
      return removedIn(fieldsOf(value, REMOVED) as Fields, at, reading)
    case 'AllBlocksCleared':
      return CLEARED
    default:
      return 'unknown'
  }
}

const CLEARED: ClearedEvent = { type: 'cleared' }

function storedIn(fields: Fields, at: string, reading: Reading): StoredEvent | undefined {
  const hashes = hashesIn(fields, at, reading)
  const tokens = tokensIn(fields['token_ids'], `${at}.token_ids`, reading)
  const blockTokens = integer(fields['block_size'])
  if (blockTokens === undefined) note(reading, expected(`${at}.block_size`, 'an integer', fields['block_size']))
  const options = { at: `${at}.`, reading }
  const parent = optional(fields, 'parent_block_hash', { ...options, read: hashIn, what: HASH })
  const name = { ...options, read: nameIn, what: NAME }
  const whole = { ...options, read: integer, what: 'an integer' }
  const adapter = optional(fields, 'lora_name', name)
  const medium = optional(fields, 'medium', name)
  const adapterId = optional(fields, 'lora_id', whole)
  const extraKeys = optional(fields, 'extra_keys', { ...options, read: arrayIn, what: 'an array' })
  const group = optional(fields, 'group_idx', whole)
  const specKind = optional(fields, 'kv_cache_spec_kind', name)
  const slidingWindow = optional(fields, 'kv_cache_spec_sliding_window', whole)
  if (hashes === undefined || tokens === undefined || blockTokens === undefined) return undefined
  return {
    type: 'stored',
    hashes,
    parent: parent === 0n && reading.zeroParentIsNone ? undefined : parent,
    tokens,
    blockTokens,
    adapter,
    medium,
    ...(adapterId === undefined ? {} : { adapterId }),
    ...(extraKeys === undefined ? {} : { extraKeys }),
    ...(group === undefined ? {} : { group }),
    ...(specKind === undefined ? {} : { specKind }),
    ...(slidingWindow === undefined ? {} : { slidingWindow }),
  }
}

function removedIn(fields: Fields, at: string, reading: Reading): RemovedEvent | undefined {
  const hashes = hashesIn(fields, at, reading)
  const options = { at: `${at}.`, reading }
  const medium = optional(fields, 'medium', { ...options, read: nameIn, what: NAME })
  const group = optional(fields, 'group_idx', { ...options, read: integer, what: 'an integer' })
  return hashes === undefined ? undefined : { type: 'removed', hashes, medium, ...(group === undefined ? {} : { group }) }
}

const HASH = 'an unsigned 64-bit integer or 1 to 64 bytes'
const NAME = `text of at most ${limits.nameLength} characters`

function hashesIn(fields: Fields, at: string, reading: Reading): bigint[] | undefined {
  const list = fields['block_hashes']
  const place = `${at}.block_hashes`
  if (!Array.isArray(list)) return note(reading, expected(place, 'an array', list))
  if (list.length > limits.hashesOfEvent) return note(reading, tooMany(place, list.length, limits.hashesOfEvent))
  const hashes: bigint[] = []
  for (let index = 0; index < list.length; index++) {
    const hash = hashIn(list[index])
    if (hash === undefined) return note(reading, expected(`${place}[${index}]`, HASH, list[index]))
    hashes.push(hash)
  }
  return hashes
}

function hashIn(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return BigInt.asUintN(64, value)
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt.asUintN(64, BigInt(value)) : undefined
  if (!(value instanceof Uint8Array) || value.length === 0 || value.length > limits.hashBytes) return undefined
  let hash = 0n
  for (const byte of value.subarray(-8)) hash = (hash << 8n) | BigInt(byte)
  return hash
}

function tokensIn(list: unknown, at: string, reading: Reading): number[] | undefined {
  if (!Array.isArray(list)) return note(reading, expected(at, 'an array', list))
  if (list.length > limits.tokensOfEvent) return note(reading, tooMany(at, list.length, limits.tokensOfEvent))
  for (let index = 0; index < list.length; index++) {
    const token: unknown = list[index]
    if (typeof token !== 'number' || token >>> 0 !== token) return note(reading, expected(`${at}[${index}]`, 'a token from 0 to 4294967295', token))
  }
  return list as number[]
}

/** A field that may be absent or nil. */
function optional<T>(
  fields: Fields,
  key: string,
  options: { at: string; reading: Reading; read: (value: unknown) => T | undefined; what: string },
): T | undefined {
  const value = fields[key]
  if (value === undefined || value === null) return undefined
  return options.read(value) ?? note(options.reading, expected(`${options.at}${key}`, options.what, value))
}

function note(reading: Reading, problem: KvEventError): undefined {
  reading.problems.push(problem)
}

function expected(place: string, what: string, found: unknown): KvEventError {
  return { code: 'malformed', message: `${place}: expected ${what}, found ${nameOf(found)}` }
}

function tooMany(place: string, count: number, most: number): KvEventError {
  return { code: 'too-large', message: `${place}: ${count} elements, ${most} are allowed` }
}

function nameOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'string' ? 'text' : typeof value === 'boolean' ? String(value) : 'a map'
}

function fieldsOf(value: unknown, order: readonly string[]): Fields | undefined {
  if (isMap(value)) return value
  return Array.isArray(value) ? Object.fromEntries(order.map((name, index) => [name, value[index] as unknown])) : undefined
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function finite(value: unknown): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function integer(value: unknown): number | undefined {
  const number = finite(value)
  return Number.isSafeInteger(number) ? number : undefined
}

function nameIn(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= limits.nameLength ? value : undefined
}

function arrayIn(value: unknown): unknown[] | undefined {
  return Array.isArray(value) ? value : undefined
}
