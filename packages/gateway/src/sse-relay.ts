import { Buffer } from 'node:buffer'
import { parseJson } from './scanned-fields.ts'
import { SseSplitter } from './sse-splitter.ts'
import { isRecord, objectAfterKey, readUsage, type Usage } from './usage.ts'

export interface SseRelayOptions {
  /** Take the usage event out: the gateway asked for it, the client did not. */
  readonly stripUsage: boolean
  /**
   * `openai`: chunks with `choices` that end with a finish reason or `[DONE]`. `other`: event streams of other APIs
   * (Responses, Anthropic), of which only the first content and the usage are looked for, and whose end is not checked.
   */
  readonly dialect: 'openai' | 'other'
  /** A longer event turns the watch off: everything from its first byte on passes as it is. */
  readonly eventBytesMax: number
}

/**
 * Watches the events of one stream on their way through. What `push` and `finish` answer is what the client gets: whole
 * events only, byte for byte, without the usage event when that is to be taken out. The answered buffer may share memory
 * with the chunk. However the stream is cut into chunks, the bytes and the findings are the same.
 */
export class SseRelay {
  readonly #stripUsage: boolean
  readonly #dialect: 'openai' | 'other'
  readonly #splitter: SseSplitter
  readonly #usageKey = new NextOccurrence('"usage"')
  readonly #finishKey = new NextOccurrence('"finish_reason"')
  /** Events with content so far. From the first on, every event counts but usage, error and end. */
  contentEvents = 0
  usage: Usage | undefined
  /** A finish reason, `[DONE]` or an error was seen: closing now is no truncation. */
  ended = false
  /** The stream's own end marker is not known: it is complete when its connection says so. */
  opaque: boolean
  /** The engine reported an error inside the stream. */
  errorSeen = false
  /** An event was too long to be watched. */
  unwatched = false

  constructor(options: SseRelayOptions) {
    this.#stripUsage = options.stripUsage
    this.#dialect = options.dialect
    this.#splitter = new SseSplitter(options.eventBytesMax)
    this.opaque = options.dialect === 'other'
  }

  /** Takes what the engine sent and answers what to write, undefined for nothing yet. */
  push(chunk: Buffer): Buffer | undefined {
    if (this.unwatched) return chunk
    const splitter = this.#splitter
    splitter.push(chunk)
    this.#usageKey.reset()
    this.#finishKey.reset()
    const { data } = splitter
    let pieces: Buffer[] | undefined
    let keptFrom = 0
    for (;;) {
      const start = splitter.eventStart
      const end = splitter.next()
      if (end < 0) break
      if (this.#watch(data, start, end)) continue
      pieces ??= []
      if (start > keptFrom) pieces.push(data.subarray(keptFrom, start))
      keptFrom = end
    }
    const keptTo = splitter.overflowed ? data.length : splitter.eventStart
    if (splitter.overflowed) this.#giveUp()
    if (keptTo === keptFrom) return pieces === undefined ? undefined : joined(pieces)
    const last = keptFrom === 0 && keptTo === data.length ? data : data.subarray(keptFrom, keptTo)
    if (pieces === undefined) return last
    pieces.push(last)
    return joined(pieces)
  }

  /**
   * The engine closed the stream: answers a last event that lacked its blank line. Bytes of an event that was cut short
   * are dropped (the client gets whole events, then an error).
   */
  finish(): Buffer | undefined {
    const rest = this.#splitter.takeRest()
    if (rest.length === 0) return undefined
    this.#usageKey.reset()
    this.#finishKey.reset()
    return this.#watch(rest, 0, rest.length) && (this.ended || this.opaque) ? rest : undefined
  }

  #giveUp(): void {
    this.#splitter.takeRest()
    this.unwatched = true
    this.opaque = true
  }

  /** Looks at one event; false when it must not reach the client. */
  #watch(data: Buffer, start: number, end: number): boolean {
    const from = payloadStart(data, start, end)
    if (from < 0) return true
    const to = payloadEnd(data, from, end)
    if (isDone(data, from, to)) {
      this.ended = true
      return true
    }
    if (startsWithError(data, from, to)) {
      this.errorSeen = true
      this.ended = true
      return true
    }
    if (this.#hasUsageObject(data, from, to)) {
      const event = parsePayload(data, from, to)
      if (isRecord(event) && this.#takeUsage(event)) return !this.#stripUsage
    }
    this.#watchContent(data, from, to)
    return true
  }

  #hasUsageObject(data: Buffer, from: number, to: number): boolean {
    let at = this.#usageKey.before(data, from, to)
    while (at >= 0) {
      if (objectAfterKey(data, at + 7) >= 0) return true
      at = this.#usageKey.before(data, at + 7, to)
    }
    return false
  }

  /** Keeps the event's token counts; true when it carries nothing else. */
  #takeUsage(event: Record<string, unknown>): boolean {
    const holder = isRecord(event['usage']) ? event : isRecord(event['response']) ? event['response'] : event['message']
    const usage = isRecord(holder) ? readUsage(holder['usage']) : undefined
    if (usage === undefined) return false
    // Anthropic reports input tokens at the start and output tokens at the end.
    this.usage = {
      promptTokens: usage.promptTokens ?? this.usage?.promptTokens,
      completionTokens: usage.completionTokens ?? this.usage?.completionTokens,
      cachedTokens: usage.cachedTokens ?? this.usage?.cachedTokens,
    }
    const choices = event['choices']
    return Array.isArray(choices) && choices.length === 0
  }

  #watchContent(data: Buffer, from: number, to: number): void {
    const finishes = !this.ended && this.#finishes(data, from, to)
    if (finishes) this.ended = true
    if (this.contentEvents > 0 && !finishes) {
      if (this.#dialect === 'openai') this.contentEvents += 1
      return
    }
    const event = parsePayload(data, from, to)
    if (isRecord(event) && hasContent(event)) this.contentEvents += 1
  }

  #finishes(data: Buffer, from: number, to: number): boolean {
    let at = this.#finishKey.before(data, from, to)
    while (at >= 0) {
      let value = at + 15
      while (value < to && (data[value] === 0x3a || (data[value] as number) <= 0x20)) value += 1
      if (data[value] === 0x22) return true
      at = this.#finishKey.before(data, value, to)
    }
    return false
  }
}

/** Finds a needle event by event without searching the bytes of a chunk more than once. */
class NextOccurrence {
  readonly #needle: Buffer
  #at = -1
  #searched = false

  constructor(needle: string) {
    this.#needle = Buffer.from(needle)
  }

  /** To be called when the data changes. */
  reset(): void {
    this.#searched = false
  }

  /** The first place in [from, to), -1 without one. `from` never decreases between resets. */
  before(data: Buffer, from: number, to: number): number {
    if (!this.#searched || (this.#at >= 0 && this.#at < from)) {
      this.#at = data.indexOf(this.#needle, from)
      this.#searched = true
    }
    return this.#at >= 0 && this.#at < to ? this.#at : -1
  }
}

function joined(pieces: Buffer[]): Buffer | undefined {
  return pieces.length > 1 ? Buffer.concat(pieces) : pieces[0]
}

const LF = 0x0a

/** Where the data of the event's first `data:` line begins, -1 for comments and events without data. */
function payloadStart(data: Buffer, start: number, end: number): number {
  let line = start
  while (line >= 0 && line < end) {
    if (data[line] === 0x64 && data[line + 1] === 0x61 && data[line + 2] === 0x74 && data[line + 3] === 0x61 && data[line + 4] === 0x3a) {
      const from = line + 5
      return data[from] === 0x20 ? from + 1 : from
    }
    const lineEnd = data.indexOf(LF, line)
    line = lineEnd < 0 ? -1 : lineEnd + 1
  }
  return -1
}

function payloadEnd(data: Buffer, from: number, end: number): number {
  let to = end
  while (to > from && (data[to - 1] as number) <= 0x20) to -= 1
  return to
}

function parsePayload(data: Buffer, from: number, to: number): unknown {
  const text = data.toString('utf8', from, to)
  // Data on several lines is joined by line feeds, which JSON reads as blanks (HTML standard, 9.2.6).
  return parseJson(text.includes('\n') ? text.replace(/\r?\ndata: ?/g, '\n') : text)
}

function isDone(data: Buffer, from: number, to: number): boolean {
  return to - from === 6 && data[from] === 0x5b && data.toString('latin1', from, to) === '[DONE]'
}

/** `{"error"`, or the flat `{"object":"error"` of older engines. */
function startsWithError(data: Buffer, from: number, to: number): boolean {
  let at = from + 1
  while (at < to && (data[at] as number) <= 0x20) at += 1
  if (data[from] !== 0x7b || data[at] !== 0x22) return false
  const letter = data[at + 1]
  if (letter === 0x65) return data.toString('latin1', at, at + 7) === '"error"'
  return letter === 0x6f && /^"object"\s*:\s*"error"/.test(data.toString('latin1', at, Math.min(to, at + 24)))
}

function hasContent(event: Record<string, unknown>): boolean {
  const choices = event['choices']
  if (Array.isArray(choices)) return choices.some(choiceHasContent)
  return isText(event['delta']) || hasDelta(event['delta'])
}

function choiceHasContent(choice: unknown): boolean {
  return isRecord(choice) && (isText(choice['text']) || hasDelta(choice['delta']))
}

const textFields = ['content', 'reasoning_content', 'reasoning', 'refusal', 'text', 'thinking', 'partial_json']

function hasDelta(delta: unknown): boolean {
  if (!isRecord(delta)) return false
  if (textFields.some((name) => isText(delta[name]))) return true
  const calls = delta['tool_calls']
  return (Array.isArray(calls) && calls.length > 0) || isRecord(delta['function_call'])
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
