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
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > FORM_BYTES_MAX) return failure({ status: 413, message: `the form is longer than ${FORM_BYTES_MAX} bytes` })
      chunks.push(chunk)
    }
  } catch {
    // The client left before its form was whole; nobody reads this answer.
    return failure({ status: 400, message: 'the form was cut' })
  }
  const parameters = new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
  for (const [name, value] of address.searchParams) parameters.append(name, value)
  return ok(parameters)
}
