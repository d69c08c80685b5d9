import { type ApiError, badRequest } from './api-error.ts'
import { isObject, type JsonObject } from './body.ts'

/** Bounds of a number, both inclusive. */
export interface Bounds {
  readonly min?: number
  readonly max?: number
}

/**
 * Reads the fields of a body one by one. A field that does not fit counts as absent; the first such field is kept as
 * `error`, so that a caller reads all it needs and looks once. Null means absent, as in vLLM.
 */
export class BodyFields {
  readonly body: JsonObject
  readonly #path: string
  #error: ApiError | undefined

  /** `path`, as `stream_options.`, stands before the names in messages. */
  constructor(body: JsonObject, path = '') {
    this.body = body
    this.#path = path
  }

  /** What is wrong with the first field that does not fit. */
  get error(): ApiError | undefined {
    return this.#error
  }

  refuse(name: string, message: string): undefined {
    this.#error ??= badRequest(`${this.#path}${name} ${message}`, `${this.#path}${name}`)
    return undefined
  }

  /** Takes an error over from fields within a field. */
  adopt(error: ApiError | undefined): void {
    this.#error ??= error
  }

  value(name: string): unknown {
    return this.body[name] ?? undefined
  }

  string(name: string, lengthMax = Number.POSITIVE_INFINITY): string | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    if (typeof value !== 'string') return this.refuse(name, 'must be a string')
    return value.length <= lengthMax ? value : this.refuse(name, `must have at most ${lengthMax} characters`)
  }

  /** False when absent. Takes the words as well, as vLLM's parser does. */
  boolean(name: string): boolean {
    const value = this.value(name)
    if (value === undefined || value === false || value === 'false') return false
    return value === true || value === 'true' || this.refuse(name, 'must be true or false') === true
  }

  integer(name: string, bounds: Bounds = {}): number | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    return Number.isSafeInteger(value) && isWithin(value as number, bounds)
      ? (value as number)
      : this.refuse(name, `must be an integer${told(bounds)}, not ${JSON.stringify(value)}`)
  }

  number(name: string, bounds: Bounds = {}): number | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    return typeof value === 'number' && isWithin(value, bounds)
      ? value
      : this.refuse(name, `must be a number${told(bounds)}, not ${JSON.stringify(value)}`)
  }

  object(name: string): JsonObject | undefined {
    const value = this.value(name)
    return value === undefined || isObject(value) ? value : this.refuse(name, 'must be an object')
  }

  list(name: string, countMax: number): readonly unknown[] | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    return Array.isArray(value) && value.length <= countMax
      ? (value as readonly unknown[])
      : this.refuse(name, `must be an array of at most ${countMax}`)
  }
}

function isWithin(value: number, { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Bounds): boolean {
  return value >= min && value <= max
}

function told({ min, max }: Bounds): string {
  if (min === undefined) return max === undefined ? '' : ` of at most ${max}`
  return max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`
}
