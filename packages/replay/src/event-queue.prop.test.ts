import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventQueue, type QueuedEvent } from './event-queue.ts'

describe('the event queue', () => {
  it('gives events back by time, and those of one moment in the order in which they came', () => {
    const steps = fc.array(fc.oneof(fc.nat(20), fc.constant('pop' as const)), { maxLength: 4000 })
    fc.assert(
      fc.property(steps, (script) => {
        const queue = new EventQueue()
        const model: { atMs: number; subject: number }[] = []
        const event: QueuedEvent = { atMs: 0, kind: 0, subject: 0, tag: 0 }
        script.forEach((step, number) => {
          if (step !== 'pop') {
            queue.push(step, step % 5, number, number * 3)
            model.push({ atMs: step, subject: number })
            return
          }
          model.sort((a, b) => a.atMs - b.atMs || a.subject - b.subject)
          expect(queue.nextMs).toBe(model[0]?.atMs ?? Number.POSITIVE_INFINITY)
          const expected = model.shift()
          expect(queue.pop(event)).toBe(expected !== undefined)
          if (expected !== undefined) expect(event).toEqual({ ...expected, kind: expected.atMs % 5, tag: expected.subject * 3 })
        })
        expect(queue.size).toBe(model.length)
      }),
    )
  })

  it('grows beyond its first room', () => {
    const queue = new EventQueue()
    for (let number = 5000; number > 0; number -= 1) queue.push(number, 1, number)
    const event: QueuedEvent = { atMs: 0, kind: 0, subject: 0, tag: 0 }
    for (let number = 1; number <= 5000; number += 1) {
      queue.pop(event)
      expect(event.subject).toBe(number)
    }
    expect(queue.pop(event)).toBe(false)
  })
})
