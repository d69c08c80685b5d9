import type { Buffer } from 'node:buffer'

const modelBytesMax = 512

/**
 * The `model` field of a `multipart/form-data` body (audio uploads), undefined when there is none. Looks for the part's
 * head only; the form's validity is the engine's to check.
 */
export function multipartModel(body: Buffer): string | undefined {
  const head = body.indexOf('name="model"')
  if (head < 0) return undefined
  const start = body.indexOf('\r\n\r\n', head)
  if (start < 0) return undefined
  const end = body.indexOf('\r\n', start + 4)
  if (end < 0 || end - start - 4 > modelBytesMax) return undefined
  const model = body.toString('utf8', start + 4, end).trim()
  return model === '' ? undefined : model
}
