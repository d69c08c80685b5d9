import { seededRandom } from '@signalbox/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { schemaValue } from './schema-value.ts'

type Schema = Record<string, unknown>

/** Whether a value fits, by the words of the specification; of the keywords that `anySchema` makes. */
function fits(value: unknown, schema: Schema): boolean {
  if ('const' in schema) return JSON.stringify(value) === JSON.stringify(schema['const'])
  if ('enum' in schema) return (schema['enum'] as unknown[]).some((one) => JSON.stringify(one) === JSON.stringify(value))
  if ('anyOf' in schema) return (schema['anyOf'] as Schema[]).some((one) => fits(value, one))
  const type = schema['type']
  if (type === 'null') return value === null
  if (type === 'boolean') return typeof value === 'boolean'
  if (type === 'string')
    return typeof value === 'string' && value.length >= Number(schema['minLength'] ?? 0) && value.length <= Number(schema['maxLength'] ?? 1e9)
  if (type === 'integer' || type === 'number') {
    if (typeof value !== 'number' || (type === 'integer' && !Number.isInteger(value))) return false
    const step = schema['multipleOf'] as number | undefined
    return (
      value >= Number(schema['minimum'] ?? -1e9) &&
      value <= Number(schema['maximum'] ?? 1e9) &&
      value > Number(schema['exclusiveMinimum'] ?? -1e9) &&
      value < Number(schema['exclusiveMaximum'] ?? 1e9) &&
      (step === undefined || Number.isInteger(value / step))
    )
  }
  if (type === 'array') {
    if (!Array.isArray(value) || value.length < Number(schema['minItems'] ?? 0) || value.length > Number(schema['maxItems'] ?? 1e9)) return false
    if (schema['uniqueItems'] === true && new Set(value.map((one) => JSON.stringify(one))).size < value.length) return false
    return value.every((one) => fits(one, schema['items'] as Schema))
  }
  const properties = schema['properties'] as Record<string, Schema>
  const entries = Object.entries(value as object)
  return (
    (schema['required'] as string[]).every((name) => Object.hasOwn(value as object, name)) &&
    entries.every(([name, one]) => fits(one, properties[name] as Schema))
  )
}

const { anySchema } = fc.letrec<{ anySchema: Schema }>((tie) => ({
  anySchema: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Schema>({ type: 'null' }, { type: 'boolean' }, { const: { a: 1 } }, { enum: ['a', 1, null] }),
    fc.tuple(fc.nat(12), fc.nat(30)).map(([least, more]) => ({ type: 'string', minLength: least, maxLength: least + more })),
    fc.tuple(fc.integer({ min: -50, max: 50 }), fc.nat(9)).map(([minimum, more]) => ({ type: 'integer', minimum, maximum: minimum + more })),
    fc
      .tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 9 }))
      .map(([low, more]) => ({ type: 'number', exclusiveMinimum: low, exclusiveMaximum: low + more / 10 })),
    fc.integer({ min: 1, max: 7 }).map((multipleOf) => ({ type: 'integer', multipleOf, minimum: 10 })),
    fc
      .tuple(tie('anySchema'), fc.nat(3), fc.nat(3))
      .map(([items, minItems, more]) => ({ type: 'array', items, minItems, maxItems: minItems + more })),
    fc.array(tie('anySchema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), tie('anySchema'), { maxKeys: 4, noNullPrototype: true }).map((properties) => ({
      type: 'object',
      properties,
      required: Object.keys(properties).slice(1),
      additionalProperties: false,
    })),
  ),
}))

describe('a value of a schema', () => {
  it('fits it, also after a way through JSON, and is the same again', () => {
    fc.assert(
      fc.property(anySchema, fc.nat(), (schema, seed) => {
        const made = schemaValue(schema, seededRandom(seed))
        if (!made.ok) throw new Error(made.error.message)
        expect(fits(JSON.parse(JSON.stringify(made.value)), schema)).toBe(true)
        expect(schemaValue(schema, seededRandom(seed))).toEqual(made)
      }),
      { numRuns: 500 },
    )
  })

  it('follows references, folds allOf, and ends where a schema holds itself', () => {
    const tree = {
      $ref: '#/$defs/node',
      $defs: { node: { type: 'object', properties: { name: { type: 'string' }, child: { $ref: '#/$defs/node' } }, required: ['name'] } },
    }
    const made = schemaValue(tree, seededRandom(1))
    expect(made).toMatchObject({ ok: true, value: { name: expect.any(String), child: { name: expect.any(String) } } })
    const folded = {
      allOf: [
        { type: 'object', properties: { a: { type: 'null' } }, required: ['a'] },
        { properties: { b: { const: 2 } }, required: ['b'] },
      ],
    }
    expect(schemaValue(folded, seededRandom(1))).toEqual({ ok: true, value: { a: null, b: 2 } })
  })

  it.each<[unknown, string, RegExp]>([
    [{ type: 'string', pattern: 'a' }, '#', /pattern is not supported/],
    [{ type: 'object', properties: { a: { type: 'thing' } } }, '#/properties/a', /type "thing"/],
    [{ $ref: 'https://example.com' }, '#', /leaves the schema/],
    [{ $ref: '#/$defs/none' }, '#', /leads nowhere/],
    [{ $ref: '#' }, '#', /circle/],
    [{ type: 'integer', minimum: 3, maximum: 2 }, '#', /bounds/],
    [{ type: 'string', minLength: 5, maxLength: 2 }, '#', /characters/],
    [{ type: 'array', items: { const: 1 }, minItems: 2, uniqueItems: true }, '#', /different items/],
    [{ type: 'array', minItems: 1e9 }, '#', /items/],
    [{ enum: [] }, '#', /empty/],
    [{ allOf: [{ type: 'string' }, { type: 'null' }] }, '#', /twice/],
    ['text', '#', /object/],
    [
      { $defs: { n: { type: 'object', properties: { n: { $ref: '#/$defs/n' } }, required: ['n'] } }, $ref: '#/$defs/n' },
      '#/properties/n',
      /too deep/,
    ],
  ])('%j is refused with the place and the reason', (schema, at, message) => {
    const made = schemaValue(schema, seededRandom(1))
    if (made.ok) throw new Error('made a value')
    expect(made.error.at.startsWith(at)).toBe(true)
    expect(made.error.message).toMatch(message)
  })

  it('is bounded in work, however the schema branches', () => {
    const wide: Schema = { type: 'null' }
    let schema: Schema = wide
    for (let depth = 0; depth < 14; depth++) schema = { type: 'array', items: schema, minItems: 10 }
    expect(schemaValue(schema, seededRandom(1))).toMatchObject({ ok: false, error: { message: expect.stringContaining('too large') } })
  })
})
