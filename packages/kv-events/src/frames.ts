import { assert, failure, ok, type Result } from '@signalbox/base'
import { type KvEventError, limits } from './kv-event.ts'

/** A batch as it comes over the live socket. */
export interface LiveMessage {
  readonly topic: string
  /** From 0, one more each batch; below 2^53. */
  readonly sequence: number
  /** For `decodeBatch`. */
  readonly payload: Uint8Array
}

export type ReplayedMessage = Omit<LiveMessage, 'topic'>

type Frames = readonly Uint8Array[]

const EMPTY = new Uint8Array(0)
const END = 0xffff_ffff_ffff_ffffn

export function liveFrames({ topic, sequence, payload }: LiveMessage): Uint8Array[] {
  return [new TextEncoder().encode(topic), sequenceBytes(BigInt(sequence)), payload]
}

export function parseLive(frames: Frames): Result<LiveMessage, KvEventError> {
  const [topic, sequence, payload] = frames
  if (frames.length !== 3 || topic === undefined || sequence === undefined || payload === undefined) {
    return malformed(`a message has topic, sequence number and payload; this one has ${frames.length} frames`)
  }
  if (topic.length > limits.topicBytes) {
    return failure({ code: 'too-large', message: `the topic has ${topic.length} bytes, ${limits.topicBytes} are allowed` })
  }
  const number = sequenceIn(sequence)
  if (!number.ok) return number
  return number.value === 'end'
    ? malformed("the mark of a replay's end came as a message")
    : ok({ topic: new TextDecoder().decode(topic), sequence: number.value, payload })
}

/** What a subscriber sends to have every kept batch from `from` on. */
export function replayRequest(from: number): Uint8Array[] {
  return [EMPTY, sequenceBytes(BigInt(from))]
}

/** Takes the frames after the client's identity, with the empty one or without. */
export function parseReplayRequest(frames: Frames): Result<number, KvEventError> {
  const [first, second] = frames
  const from = frames.length === 2 && first?.length === 0 ? second : frames.length === 1 ? first : undefined
  if (from === undefined) return malformed('a replay is asked for with an empty frame and a sequence number')
  const number = sequenceIn(from)
  if (!number.ok) return number
  return number.value === 'end' ? malformed('no replay begins at the mark of its end') : ok(number.value)
}

/** One answer to `replayRequest`, for after the client's identity. */
export function replayFrames({ sequence, payload }: ReplayedMessage): Uint8Array[] {
  return [EMPTY, sequenceBytes(BigInt(sequence)), payload]
}

/** The last answer to `replayRequest`. */
export function replayEnd(): Uint8Array[] {
  return [EMPTY, sequenceBytes(END), EMPTY]
}

/** The last two frames count: before them producers write an empty one, a topic, both or neither. */
export function parseReplayed(frames: Frames): Result<ReplayedMessage | 'end', KvEventError> {
  const sequence = frames.at(-2)
  const payload = frames.at(-1)
  if (sequence === undefined || payload === undefined || frames.length > 4) {
    return malformed(`a replayed message has sequence number and payload; this one has ${frames.length} frames`)
  }
  const number = sequenceIn(sequence)
  if (!number.ok) return number
  return ok(number.value === 'end' ? 'end' : { sequence: number.value, payload })
}

function sequenceBytes(sequence: bigint): Uint8Array {
  assert(sequence >= 0n && sequence <= END, `sequence ${sequence}`)
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, sequence)
  return bytes
}

function sequenceIn(bytes: Uint8Array): Result<number | 'end', KvEventError> {
  if (bytes.length !== 8) return malformed(`a sequence number has 8 bytes; this one has ${bytes.length}`)
  const sequence = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0)
  if (sequence === END) return ok('end')
  if (sequence > BigInt(Number.MAX_SAFE_INTEGER)) return malformed(`the sequence number ${sequence} is beyond 2^53`)
  return ok(Number(sequence))
}

function malformed(message: string): { readonly ok: false; readonly error: KvEventError } {
  return failure({ code: 'malformed', message })
}
