import { VirtualClock } from '@signalbox/base'
import type { DialectEntry } from '@signalbox/signals'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Registry } from './index.ts'

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
