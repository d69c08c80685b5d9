import type { IncomingMessage } from 'node:http'
import { failure, ok, type Result } from '@signalbox/base'
import { type ApiError, badRequest, httpError } from './api-error.ts'

/** Reads a JSON object of at most `bytesMax` bytes; undefined when the client left before its end. */
export async function readJsonObject(request: IncomingMessage, bytesMax: number): Promise<Result<JsonObject, ApiError> | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return failure(tooLarge(bytesMax))
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    // Leaving the loop must not destroy the connection: a refusal is still to be written to it.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > bytesMax) return failure(tooLarge(bytesMax))
      chunks.push(chunk)
    }
  } catch {
    // The only way to fail here is a connection that ends early: nobody is left to answer.
    return undefined
  }
  return parseObject(Buffer.concat(chunks).toString('utf8'))
}

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseObject(text: string): Result<JsonObject, ApiError> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return failure(badRequest(`the body is not JSON: ${(error as SyntaxError).message}`))
  }
  return isObject(value) ? ok(value) : failure(badRequest('the body is not a JSON object'))
}

function tooLarge(bytesMax: number): ApiError {
  return httpError(413, `the body is larger than ${bytesMax} bytes`)
}
