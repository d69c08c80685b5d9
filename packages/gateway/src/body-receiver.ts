import { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'

export interface BodyHandler {
  /** The whole body. Exactly one of the two is called, or neither when the client leaves. */
  onBody(body: Buffer): void
  /** It is longer than allowed; nothing more of it is kept. */
  onBodyTooLong(): void
}

/** What a request's head says of its body: its length, undefined for a chunked one, 0 for none, NaN for nonsense. */
export function declaredLength(request: IncomingMessage): number | undefined {
  const length = request.headers['content-length']
  if (length !== undefined) return Number(length)
  return request.headers['transfer-encoding'] === undefined ? 0 : undefined
}

/** Collects a request's body, up to `bytesMax` bytes. */
export function receiveBody(request: IncomingMessage, bytesMax: number, handler: BodyHandler): void {
  const chunks: Buffer[] = []
  let bytes = 0
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length
    if (bytes > bytesMax) {
      request.off('data', onData)
      request.off('end', onEnd)
      handler.onBodyTooLong()
    } else chunks.push(chunk)
  }
  const onEnd = (): void => {
    handler.onBody(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes))
  }
  request.on('data', onData)
  request.on('end', onEnd)
}

/**
 * Reads on and drops what a refused client still sends, so that the answer is not lost to a connection reset; closes the
 * connection after `timeoutMs` if it has not ended by then.
 */
export function discardRest(request: IncomingMessage, timeoutMs: number): void {
  if (request.complete) return
  const timer = setTimeout(() => request.socket.destroy(), timeoutMs)
  timer.unref()
  request.once('close', () => clearTimeout(timer))
  request.once('end', () => clearTimeout(timer))
  request.resume()
}
