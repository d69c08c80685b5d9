import { VirtualClock } from '@signalbox/base'
import type { DialectEntry } from '@signalbox/signals'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Registry } from './index.ts'

const bounds = fc
  .uniqueArray(fc.constantFrom(0, 0.001, 0.005, 0.05, 0.1, 0.25, 1, 2, 5, 60), { maxLength: 6 })
  .map((list) => list.sort((a, b) => a - b))
const scale = fc.constantFrom(1, 1000)

function itlEntry(name: string, fields: { bounds: readonly number[]; scale: number; labels: DialectEntry['labels'] }): DialectEntry {
  const { bounds: inSeconds, ...more } = fields
  const inUnit = inSeconds.map((bound) => bound * more.scale)
  return { signal: 'gateway.itl', dialect: 'signalbox', name, type: 'histogram', help: '', source: 'test', bounds: inUnit, ...more }
}

it('each rendering of a histogram is what a histogram of its own would have counted', () => {
  const observation = fc.record({
    model: fc.constantFrom('a', 'b'),
    tenant: fc.constantFrom('x', 'y', 'z'),
    value: fc.double({ min: 0, max: 100, noNaN: true }),
  })
  fc.assert(
    fc.property(bounds, bounds, scale, fc.array(observation, { minLength: 1 }), fc.boolean(), (first, second, factor, observations, retire) => {
      const entries = [
        itlEntry('one', { bounds: first, scale: 1, labels: [{ name: 'm', from: 'model' }] }),
        itlEntry('two', { bounds: second, scale: factor, labels: [] }),
      ]
      const registry = new Registry({ entries, clock: new VirtualClock() })
      for (const { model, tenant, value } of observations) registry.histogram('gateway.itl').with(model, '', tenant, '').observe(value)
      if (retire) for (const model of ['a', 'b']) registry.histogram('gateway.itl').remove(model, '', 'x', '')
      const page = registry.render('text')
      for (const bound of first) {
        for (const model of new Set(observations.map((each) => each.model))) {
          const count = observations.filter((each) => each.model === model && each.value <= bound).length
          expect(page).toContain(`one_bucket{m="${model}",le="${bound}"} ${count}\n`)
        }
      }
      for (const bound of second) {
        const count = observations.filter((each) => each.value <= bound).length
        expect(page).toContain(`two_bucket{le="${bound * factor}"} ${count}\n`)
      }
      expect(page).toContain(`two_count ${observations.length}\n`)
    }),
  )
})

it('a coarse counter never decreases, whatever is removed', () => {
  const tenant = fc.constantFrom('t1', 't2', 't3')
  const step = fc.oneof(fc.record({ inc: tenant }), fc.record({ remove: tenant }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom(1, 2, 1000), (steps, labelValuesMax) => {
      const entry: DialectEntry = {
        signal: 'gateway.requests',
        dialect: 'signalbox',
        name: 'r',
        type: 'counter',
        help: '',
        scale: 1,
        labels: [],
        source: '',
      }
      const registry = new Registry({ entries: [entry], clock: new VirtualClock(), labelValuesMax })
      let total = 0
      for (const each of steps) {
        if ('inc' in each) {
          registry.counter('gateway.requests').with('m', 'm', each.inc, '0').inc()
          total += 1
        } else registry.counter('gateway.requests').remove('m', 'm', each.remove, '0')
        expect(registry.render('text')).toBe(total === 0 ? '' : `# HELP r \n# TYPE r counter\nr ${total}\n`)
      }
    }),
  )
})
