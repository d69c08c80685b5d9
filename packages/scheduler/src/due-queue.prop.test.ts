import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Due, DueQueue } from './due-queue.ts'

it('a due queue gives what is due in order of time, whatever left it early', () => {
  const operation = fc.record({ kind: fc.constantFrom('push', 'push', 'remove', 'pop'), value: fc.nat(100) })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 100, size: 'max' }), (operations) => {
      const queue = new DueQueue<Due>()
      let model: Due[] = []
      for (const { kind, value } of operations) {
        if (kind === 'push') {
          const item = { dueMs: value, duePlace: -1 }
          model.push(item)
          queue.push(item)
        }
        const chosen = model[value % Math.max(1, model.length)]
        if (kind === 'remove' && chosen !== undefined) {
          queue.remove(chosen)
          queue.remove(chosen)
          model = model.filter((each) => each !== chosen)
        }
        if (kind === 'pop') {
          const earliest = Math.min(...model.map((each) => each.dueMs))
          const popped = queue.popDue(value)
          expect(popped?.dueMs).toBe(earliest <= value ? earliest : undefined)
          model = model.filter((each) => each !== popped)
        }
        expect(queue.size).toBe(model.length)
      }
    }),
    { numRuns: 300 },
  )
})
