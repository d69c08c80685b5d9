import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Roster } from './roster.ts'

it('lists exactly those that entered and have not left', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(9)), { maxLength: 60 }), (steps) => {
      const items = Array.from({ length: 10 }, (_, id) => ({ id, rosterPlace: -1 }))
      const roster = new Roster<(typeof items)[number]>()
      const model = new Set<number>()
      for (const [enters, id] of steps) {
        const item = items[id] as (typeof items)[number]
        if (!enters) {
          roster.remove(item)
          model.delete(id)
        } else if (!model.has(id)) {
          roster.add(item)
          model.add(id)
        }
        expect(roster.size).toBe(model.size)
        expect(new Set(roster.list().map((listed) => listed.id))).toEqual(model)
      }
    }),
  )
})

it('refuses an item twice', () => {
  const roster = new Roster<{ rosterPlace: number }>()
  const item = { rosterPlace: -1 }
  roster.add(item)
  expect(() => roster.add(item)).toThrow('already')
})
