import type { IncomingMessage } from 'node:http'
import { failure, ok, type Result } from '@signalbox/base'

/** Of a posted form: longer than any expression that people or programs write. */
const FORM_BYTES_MAX = 1024 * 1024

export interface FormError {
  readonly status: 400 | 413 | 415
  readonly message: string
}

/** The parameters of a GET or of a posted form; a form's values come before those of the address. */
export async function readForm(request: IncomingMessage, address: URL): Promise<Result<URLSearchParams, FormError>> {
  if (request.method !== 'POST') return ok(address.searchParams)
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/x-www-form-urlencoded\b/i.test(type))
    return failure({ status: 415, message: 'a posted query is application/x-www-form-urlencoded' })
  const body = await readBody(request)
  if (!body.ok) return body
  const parameters = new URLSearchParams(body.value.toString('utf8'))
  for (const [name, value] of address.searchParams) parameters.append(name, value)
  return ok(parameters)
}

/** A body that is too long is answered at once and thrown away as it arrives: closing on a client that still sends would lose the answer. */
function readBody(request: IncomingMessage): Promise<Result<Buffer, FormError>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= FORM_BYTES_MAX) chunks.push(chunk)
      else resolve(failure({ status: 413, message: `the form is longer than ${FORM_BYTES_MAX} bytes` }))
    })
    request.on('end', () => resolve(ok(Buffer.concat(chunks))))
    // The client left before its form was whole; nobody reads this answer.
    request.on('error', () => resolve(failure({ status: 400, message: 'the form was cut' })))
    request.on('close', () => resolve(failure({ status: 400, message: 'the form was cut' })))
  })
}
