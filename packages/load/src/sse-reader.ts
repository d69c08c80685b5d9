import { Buffer } from 'node:buffer'

const LF = 0x0a
const CR = 0x0d

/** Most bytes of one event, and of one that has not ended yet. */
export const eventBytesMax = 1024 * 1024

/**
 * Splits a stream of server-sent events into the data of its events, however the stream is cut into chunks. Lines end in LF, CR LF or
 * CR; several `data` lines of an event are joined with LF; comments and other fields mean nothing here.
 * SOURCE: WHATWG HTML, "Server-sent events", 9.2.6.
 */
export class SseReader {
  #rest: Buffer = Buffer.alloc(0)
  #data: string[] = []
  #dataBytes = 0
  #skipsLf = false

  /** The data of the events that this chunk completes, in order; 'too-large' when one is over the limit. */
  push(chunk: Buffer): readonly string[] | 'too-large' {
    const events: string[] = []
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    if (this.#skipsLf && bytes[0] === LF) bytes = bytes.subarray(1)
    if (bytes.length > 0) this.#skipsLf = false
    let from = 0
    for (;;) {
      const end = lineEnd(bytes, from)
      if (end < 0) break
      this.#line(bytes.subarray(from, end), events)
      from = end + 1
      if (bytes[end] !== CR) continue
      // The LF of a CR LF may come with the next chunk.
      if (from === bytes.length) this.#skipsLf = true
      else if (bytes[from] === LF) from += 1
    }
    this.#rest = bytes.subarray(from)
    return this.#rest.length + this.#dataBytes > eventBytesMax ? 'too-large' : events
  }

  #line(line: Buffer, events: string[]): void {
    if (line.length === 0) {
      if (this.#data.length > 0) events.push(this.#data.join('\n'))
      this.#data = []
      this.#dataBytes = 0
    } else if (line.length >= 5 && line.toString('latin1', 0, 5) === 'data:') {
      this.#data.push(line.toString('utf8', line[5] === 0x20 ? 6 : 5))
      this.#dataBytes += line.length
    } else if (line.length === 4 && line.toString('latin1') === 'data') this.#data.push('')
  }
}

function lineEnd(bytes: Buffer, from: number): number {
  const lf = bytes.indexOf(LF, from)
  const cr = bytes.subarray(from, lf < 0 ? bytes.length : lf).indexOf(CR)
  return cr < 0 ? lf : from + cr
}
