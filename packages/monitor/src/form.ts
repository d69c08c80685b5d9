import type { IncomingMessage } from 'node:http'
import { failure, ok, type Result } from '@signalbox/base'
import { readBody } from './request-body.ts'

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
  const body = await readBody(request, FORM_BYTES_MAX)
  if (!body.ok) {
    return failure(
      body.error === 'cut'
        ? { status: 400, message: 'the form was cut' }
        : { status: 413, message: `the form is longer than ${FORM_BYTES_MAX} bytes` },
    )
  }
  const parameters = new URLSearchParams(body.value.toString('utf8'))
  for (const [name, value] of address.searchParams) parameters.append(name, value)
  return ok(parameters)
}
