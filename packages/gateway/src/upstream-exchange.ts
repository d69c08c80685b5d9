import type { UpstreamCall, UpstreamHandler, UpstreamRequest } from './ports.ts'

/** The connection under a request. */
export interface Carrier {
  /** Closes without a word to the request. */
  destroy(): void
  pause(): void
  resume(): void
}

/** One request on its way through the pools: waiting for a connection, or carried by one. */
export class UpstreamExchange implements UpstreamCall {
  readonly request: UpstreamRequest
  readonly handler: UpstreamHandler
  /** Request line and fields, the blank line included (latin1). */
  readonly head: string
  /** Set while a connection carries it. */
  carrier: Carrier | undefined
  aborted = false

  constructor(request: UpstreamRequest, handler: UpstreamHandler, head: string) {
    this.request = request
    this.handler = handler
    this.head = head
  }

  abort(): void {
    if (this.aborted) return
    this.aborted = true
    const carrier = this.carrier
    this.carrier = undefined
    carrier?.destroy()
  }

  pause(): void {
    this.carrier?.pause()
  }

  resume(): void {
    this.carrier?.resume()
  }
}

/** Targets and field values that would be another message on the wire. */
const targetFault = /[^\x21-\x7e\x80-\xff]/
const fieldFault = /[^\t\x20-\x7e\x80-\xff]/
const namePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Request line and fields of a request to `host`, undefined for one that cannot be written as HTTP/1.1. */
export function requestHead(request: UpstreamRequest, host: string): string | undefined {
  const { body, headers, method, target } = request
  if (targetFault.test(target) || !namePattern.test(method)) return undefined
  let head = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n`
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string
    const value = headers[i + 1] as string
    if (!namePattern.test(name) || fieldFault.test(value)) return undefined
    head += `${name}: ${value}\r\n`
  }
  // Without one, a method that usually has content would seem to lack its length (RFC 9110 §8.6).
  if (body !== undefined) return `${head}content-length: ${body.length}\r\n\r\n`
  return method === 'GET' || method === 'HEAD' || method === 'DELETE' ? `${head}\r\n` : `${head}content-length: 0\r\n\r\n`
}
