import { failure, ok, type Random, type Result } from '@signalbox/base'
import { isObject, type JsonObject } from './body.ts'
import { cannedWord } from './texts/canned-texts.ts'

/** Values within values. Beyond half of it only what is required is made. */
const DEPTH_MAX = 16
const ITEMS_MAX = 256
const TEXT_MAX = 10_000
const STEPS_MAX = 20_000
/** What a value has where the schema sets no bounds. */
const ITEMS_DEFAULT = 2
const INTEGER_SPAN = 100

/** Says something about values that this generator does not make true; all other unknown keywords are remarks. */
const UNSUPPORTED = [
  ...['pattern', 'not', 'if', 'then', 'else', 'contains', 'propertyNames', 'patternProperties', 'minProperties', 'maxProperties'],
  ...['dependentRequired', 'dependentSchemas', 'unevaluatedItems', '$dynamicRef'],
]

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2025-01-31T12:00:00Z',
  date: '2025-01-31',
  time: '12:00:00Z',
  duration: 'PT1H',
  email: 'signal@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/line',
  uuid: '3f2b8c1e-5d4a-4f6b-9c7d-8e1f2a3b4c5d',
}

/** What is wrong, and where in the schema. */
export interface SchemaProblem {
  readonly at: string
  readonly message: string
}

/**
 * A value that fits a JSON Schema, a function of the schema and `random`: types, enum, const, required and optional properties,
 * items, bounds of numbers, lengths and counts, anyOf, oneOf, allOf and references within the schema. Anything else that limits
 * values is refused by name. Bounded in depth, size and work.
 */
export function schemaValue(schema: unknown, random: Random): Result<unknown, SchemaProblem> {
  const maker = new ValueMaker(schema, random)
  try {
    return ok(maker.make(schema, '#', 0))
  } catch (error) {
    if (error instanceof Unfit) return failure({ at: error.at, message: error.message })
    throw error
  }
}

/** Never leaves this file. */
class Unfit extends Error {
  readonly at: string

  constructor(at: string, message: string) {
    super(message)
    this.at = at
  }
}

class ValueMaker {
  readonly #root: unknown
  readonly #random: Random
  #steps = 0

  constructor(root: unknown, random: Random) {
    this.#root = root
    this.#random = random
  }

  make(written: unknown, at: string, depth: number): unknown {
    this.#steps += 1
    if (depth > DEPTH_MAX || this.#steps > STEPS_MAX) throw new Unfit(at, 'asks for a value that is too deep or too large')
    if (written === true) return 'anything'
    if (!isObject(written)) throw new Unfit(at, 'must be an object (or true)')
    const schema = this.#resolve(written, at)
    for (const keyword of UNSUPPORTED) if (keyword in schema) throw new Unfit(at, `${keyword} is not supported`)
    if ('const' in schema) return schema['const']
    const { enum: values, anyOf, oneOf } = schema
    if (Array.isArray(values)) {
      if (values.length === 0) throw new Unfit(at, 'enum is empty')
      return values[this.#below(values.length)]
    }
    const alternatives = anyOf ?? oneOf
    if (alternatives !== undefined) return this.#firstOf(schema, alternatives, { at, depth })
    return this.#ofType(typeOf(schema, at), schema, { at, depth })
  }

  #ofType(type: string, schema: JsonObject, place: { at: string; depth: number }): unknown {
    switch (type) {
      case 'object':
        return this.#object(schema, place)
      case 'array':
        return this.#array(schema, place)
      case 'string':
        return this.#text(schema, place.at)
      case 'integer':
        return this.#number(schema, place.at, 1)
      case 'number':
        return this.#number(schema, place.at, 0.5)
      case 'boolean':
        return this.#random.next() < 0.5
      case 'null':
        return null
      default:
        throw new Unfit(place.at, `type ${JSON.stringify(type)} is not supported`)
    }
  }

  /** Follows references and folds `allOf` into one schema. */
  #resolve(written: JsonObject, at: string): JsonObject {
    let schema = written
    for (let hops = 0; typeof schema['$ref'] === 'string'; hops++) {
      if (hops > DEPTH_MAX) throw new Unfit(at, '$ref goes in a circle')
      const { $ref: reference, ...rest } = schema
      schema = merged(this.#lookup(reference as string, at), rest, at)
    }
    const { allOf, ...rest } = schema
    if (!Array.isArray(allOf)) return schema
    return allOf.reduce<JsonObject>((all, part: unknown, index) => {
      this.#steps += 1
      if (this.#steps > STEPS_MAX) throw new Unfit(at, 'is too large')
      if (!isObject(part)) throw new Unfit(`${at}/allOf/${index}`, 'must be an object')
      return merged(this.#resolve(part, `${at}/allOf/${index}`), all, at)
    }, rest)
  }

  #lookup(reference: string, at: string): JsonObject {
    if (reference !== '#' && !reference.startsWith('#/'))
      throw new Unfit(at, `$ref ${JSON.stringify(reference)} leaves the schema, which is not supported`)
    let found: unknown = this.#root
    for (const part of reference.split('/').slice(1)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
      found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined
    }
    if (!isObject(found)) throw new Unfit(at, `$ref ${JSON.stringify(reference)} leads nowhere`)
    return found
  }

  #firstOf(schema: JsonObject, alternatives: unknown, { at, depth }: { at: string; depth: number }): unknown {
    if (!Array.isArray(alternatives) || alternatives.length === 0) throw new Unfit(at, 'anyOf and oneOf must be lists that are not empty')
    if ('anyOf' in schema && 'oneOf' in schema) throw new Unfit(at, 'anyOf together with oneOf is not supported')
    const { anyOf: _anyOf, oneOf: _oneOf, ...rest } = schema
    let problem: Unfit | undefined
    for (const [index, alternative] of (alternatives as readonly unknown[]).entries()) {
      try {
        return this.make(isObject(alternative) ? merged(this.#resolve(alternative, at), rest, at) : alternative, `${at}/${index}`, depth + 1)
      } catch (error) {
        if (!(error instanceof Unfit)) throw error
        problem ??= error
      }
    }
    throw problem as Unfit
  }

  #object(schema: JsonObject, { at, depth }: { at: string; depth: number }): JsonObject {
    const properties = isObject(schema['properties']) ? schema['properties'] : {}
    const required = new Set(Array.isArray(schema['required']) ? (schema['required'] as readonly unknown[]) : [])
    const made: [string, unknown][] = []
    for (const [name, property] of Object.entries(properties)) {
      if (!required.delete(name) && depth >= DEPTH_MAX / 2) continue
      made.push([name, this.make(property, `${at}/properties/${name}`, depth + 1)])
    }
    for (const name of required)
      made.push([String(name), this.make(schema['additionalProperties'] || true, `${at}/required/${String(name)}`, depth + 1)])
    return Object.fromEntries(made)
  }

  #array(schema: JsonObject, { at, depth }: { at: string; depth: number }): unknown[] {
    const prefix = Array.isArray(schema['prefixItems']) ? (schema['prefixItems'] as readonly unknown[]) : []
    const items: unknown = schema['items'] ?? true
    const least = countOf(schema, 'minItems', at) ?? 0
    const most = Math.min(countOf(schema, 'maxItems', at) ?? ITEMS_MAX, items === false ? prefix.length : ITEMS_MAX)
    if (least > most) throw new Unfit(at, `asks for more items than the ${most} that there may be`)
    const wanted = depth >= DEPTH_MAX / 2 ? least : Math.max(ITEMS_DEFAULT, prefix.length)
    const isUnique = schema['uniqueItems'] === true
    const made: unknown[] = []
    for (let tries = 0; made.length < Math.min(most, Math.max(least, wanted)) && tries < 4 * ITEMS_MAX; tries++) {
      const item = this.make(prefix[made.length] ?? items, `${at}/items`, depth + 1)
      if (!isUnique || !made.some((other) => JSON.stringify(other) === JSON.stringify(item))) made.push(item)
    }
    if (made.length < least) throw new Unfit(at, 'asks for more different items than were found')
    return made
  }

  #text(schema: JsonObject, at: string): string {
    const { format } = schema
    const least = countOf(schema, 'minLength', at) ?? 0
    const most = countOf(schema, 'maxLength', at) ?? TEXT_MAX
    if (least > most || least > TEXT_MAX) throw new Unfit(at, `asks for a text of ${least} characters; there may be ${Math.min(most, TEXT_MAX)}`)
    const sample = typeof format === 'string' ? FORMATS[format] : undefined
    if (sample !== undefined) {
      if (sample.length < least || sample.length > most) throw new Unfit(at, `format ${format as string} with these lengths is not supported`)
      return sample
    }
    let text = cannedWord(this.#random)
    while (text.length < least) text += ` ${cannedWord(this.#random)}`
    // Cut in a space, the text would be one that nobody would write.
    return text.slice(0, Math.max(least, Math.min(most, text.length))).replace(/ $/, 's')
  }

  /** A multiple of `step` within the bounds. */
  #number(schema: JsonObject, at: string, stepDefault: number): number {
    const step = numberOf(schema, 'multipleOf', at) ?? stepDefault
    if (step <= 0) throw new Unfit(at, 'multipleOf must be above 0')
    const unit = stepDefault === 1 && !Number.isInteger(step) ? Number.NaN : step
    const { least, most } = rangeOf(schema, at)
    const floor = least ?? (most === undefined ? 0 : Math.min(0, most - INTEGER_SPAN))
    const ceiling = most ?? Math.max(floor, 0) + INTEGER_SPAN
    let low = Math.ceil(floor / unit)
    let high = Math.floor(ceiling / unit)
    if (low * unit === schema['exclusiveMinimum']) low += 1
    if (high * unit === schema['exclusiveMaximum']) high -= 1
    if (low <= high) return (low + this.#below(Math.min(high - low + 1, 1e6))) * unit
    // Between two close bounds there may be no multiple of the default step.
    if (stepDefault === 1 || 'multipleOf' in schema || !(ceiling > floor)) throw new Unfit(at, 'has bounds that no supported number fits')
    return floor + (ceiling - floor) / 2
  }

  #below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }
}

function typeOf(schema: JsonObject, at: string): string {
  const { type } = schema
  if (typeof type === 'string') return type
  if (Array.isArray(type) && typeof type[0] === 'string') return type[0]
  if (type !== undefined) throw new Unfit(at, 'type must be a name or a list of names')
  if ('properties' in schema || 'required' in schema) return 'object'
  if ('items' in schema || 'prefixItems' in schema || 'minItems' in schema) return 'array'
  return ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'].some((name) => name in schema) ? 'number' : 'string'
}

function rangeOf(schema: JsonObject, at: string): { least: number | undefined; most: number | undefined } {
  const [least, above] = [numberOf(schema, 'minimum', at), numberOf(schema, 'exclusiveMinimum', at)]
  const [most, below] = [numberOf(schema, 'maximum', at), numberOf(schema, 'exclusiveMaximum', at)]
  return {
    least: least === undefined ? above : Math.max(least, above ?? least),
    most: most === undefined ? below : Math.min(most, below ?? most),
  }
}

function numberOf(schema: JsonObject, keyword: string, at: string): number | undefined {
  const value = schema[keyword]
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value
  throw new Unfit(at, `${keyword} must be a number`)
}

function countOf(schema: JsonObject, keyword: string, at: string): number | undefined {
  const value = numberOf(schema, keyword, at)
  if (value === undefined || (Number.isInteger(value) && value >= 0)) return value
  throw new Unfit(at, `${keyword} must be an integer of at least 0`)
}

/** Keywords that both may have and that say the same twice. */
const REMARKS: ReadonlySet<string> = new Set([
  'title',
  'description',
  'default',
  'examples',
  '$comment',
  '$schema',
  '$id',
  '$defs',
  'definitions',
  'deprecated',
])

/** Both schemas as one. Properties and required names are joined; any other keyword that both have with different values is refused. */
function merged(one: JsonObject, other: JsonObject, at: string): JsonObject {
  const all: Record<string, unknown> = { ...one }
  for (const [keyword, value] of Object.entries(other)) {
    const before = all[keyword]
    if (before === undefined || REMARKS.has(keyword)) all[keyword] = value
    else if (keyword === 'properties' && isObject(before) && isObject(value)) all[keyword] = { ...before, ...value }
    else if (keyword === 'required' && Array.isArray(before) && Array.isArray(value)) all[keyword] = [...new Set([...before, ...value])]
    else if (keyword === 'additionalProperties') all[keyword] = before === false ? false : value
    else if (JSON.stringify(before) !== JSON.stringify(value)) throw new Unfit(at, `${keyword} twice with different values is not supported`)
  }
  return all
}
