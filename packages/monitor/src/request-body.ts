import type { IncomingMessage } from 'node:http'
import { failure, ok, type Result } from '@signalbox/base'

/**
 * A request's body, whole, or why not: over the limit, or the client left before its end. A body that is too long is answered at once and
 * thrown away as it arrives: closing on a client that still sends would lose the answer.
 */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Result<Buffer, 'too-large' | 'cut'>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= bytesMax) chunks.push(chunk)
      else {
        chunks.length = 0
        resolve(failure('too-large'))
      }
    })
    request.on('end', () => resolve(ok(Buffer.concat(chunks))))
    request.on('error', () => resolve(failure('cut')))
    request.on('close', () => resolve(failure('cut')))
  })
}
