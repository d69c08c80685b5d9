import fc from 'fast-check'
import type { KvEvent, KvEventBatch } from './kv-event.ts'

const hash = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })
const name = fc.option(fc.string({ maxLength: 20 }), { nil: undefined })
const count = fc.nat(100_000)
const extraKey = fc.oneof(fc.constant(null), fc.array(fc.oneof(fc.string({ maxLength: 8 }), fc.nat(), fc.boolean()), { maxLength: 3 }))

/** Of a record without the keys that are undefined: absent is absent. */
const present = <T extends object>(arbitrary: fc.Arbitrary<T>) =>
  arbitrary.map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Partial<T>)

const stored = fc
  .tuple(
    fc.record({
      hashes: fc.array(hash, { maxLength: 5 }),
      parent: fc.option(hash, { nil: undefined }),
      tokens: fc.array(fc.nat(0xffff_ffff), { maxLength: 40 }),
      blockTokens: count,
      adapter: name,
      medium: name,
    }),
    present(
      fc.record({
        adapterId: fc.option(count, { nil: undefined }),
        extraKeys: fc.option(fc.array(extraKey, { maxLength: 3 }), { nil: undefined }),
        group: fc.option(count, { nil: undefined }),
        specKind: name,
        slidingWindow: fc.option(count, { nil: undefined }),
      }),
    ),
  )
  .map(([fields, tail]) => ({ type: 'stored', ...fields, ...tail }) as KvEvent)
const removed = fc
  .tuple(fc.record({ hashes: fc.array(hash, { maxLength: 5 }), medium: name }), present(fc.record({ group: fc.option(count, { nil: undefined }) })))
  .map(([fields, tail]) => ({ type: 'removed', ...fields, ...tail }) as KvEvent)
const cleared = fc.constant<KvEvent>({ type: 'cleared' })

/** Batches of every shape that fits the limits. */
export const batches: fc.Arbitrary<KvEventBatch> = fc.record({
  ts: fc.double({ noNaN: true, noDefaultInfinity: true }),
  events: fc.array(fc.oneof(stored, removed, cleared), { maxLength: 6 }),
  dataParallelRank: fc.option(count, { nil: undefined }),
})

export const encodings = ['array', 'map'] as const
export const hashForms = ['int', 'bytes'] as const
