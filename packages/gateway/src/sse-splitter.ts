import { Buffer } from 'node:buffer'

const LF = 0x0a
const CR = 0x0d

/**
 * Cuts a byte stream into server-sent events, wherever the chunks break. An event ends with a blank line; lines end
 * with LF or CRLF (a lone CR, which no engine sends, does not end a line here).
 *
 *     chunk:   ...rest of event 1 | event 2 | start of event 3
 *     after push: `data` holds these bytes with what was held before, next() answers event ends one by one,
 *     and the start of event 3 is held until the next push.
 *
 * At most `eventBytesMax` bytes are held; an event that is longer makes `overflowed` true for good.
 */
export class SseSplitter {
  readonly #eventBytesMax: number
  /** The bytes under watch: valid until the next push. */
  data: Buffer = empty
  /** Where the current event begins in `data`. */
  eventStart = 0
  overflowed = false
  /** No event ends before this offset. */
  #searchFrom = 0

  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax
  }

  /** Adds a chunk. The buffer is kept, not copied, when nothing was held. */
  push(chunk: Buffer): void {
    const held = this.data.length - this.eventStart
    if (held === 0) {
      this.data = chunk
      this.#searchFrom = 0
    } else {
      const searched = this.#searchFrom - this.eventStart
      this.data = Buffer.concat([this.data.subarray(this.eventStart), chunk])
      this.#searchFrom = searched
    }
    this.eventStart = 0
  }

  /** The end of the next whole event (its blank line included), which then is `eventStart`; -1 when there is none yet. */
  next(): number {
    if (this.overflowed) return -1
    const end = this.#eventEnd()
    if ((end < 0 ? this.data.length : end) - this.eventStart > this.#eventBytesMax) {
      this.overflowed = true
      return -1
    }
    if (end >= 0) {
      this.eventStart = end
      this.#searchFrom = end
    }
    return end
  }

  /** The bytes of the event that has begun and not ended; they are no longer held afterwards. */
  takeRest(): Buffer {
    const rest = this.data.subarray(this.eventStart)
    this.data = empty
    this.eventStart = 0
    this.#searchFrom = 0
    return rest
  }

  #eventEnd(): number {
    const { data } = this
    let lineEnd = data.indexOf(LF, this.#searchFrom)
    while (lineEnd >= 0) {
      const after = data[lineEnd + 1]
      if (after === LF) return lineEnd + 2
      if (after === CR && data[lineEnd + 2] === LF) return lineEnd + 3
      // A line end among the last two bytes may be the first half of a blank line.
      if (after === undefined || (after === CR && lineEnd + 2 === data.length)) {
        this.#searchFrom = lineEnd
        return -1
      }
      lineEnd = data.indexOf(LF, lineEnd + 1)
    }
    this.#searchFrom = data.length
    return -1
  }
}

const empty = Buffer.alloc(0)
