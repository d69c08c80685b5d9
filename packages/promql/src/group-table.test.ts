import { Labels } from '@signalbox/base'
import { describe, expect, it } from 'vitest'
import { groupTable } from './group-table.ts'

const a = Labels.from({ __name__: 'm', job: 'x', pod: '1' })
const b = Labels.from({ __name__: 'n', job: 'x', pod: '1' })
const other = Labels.from({ __name__: 'm', job: 'x', pod: '2' })

describe('a group table', () => {
  it('by labels finds what agrees in them, an absent one being an empty one', () => {
    const table = groupTable<number>({ grouping: ['pod', 'zone'], without: false })
    expect(table.get(a)).toBeUndefined()
    table.set(a, 1)
    table.set(other, 2)
    expect([table.get(b), table.get(other), table.get(Labels.from({ pod: '1', zone: 'z' }))]).toEqual([1, 2, undefined])
    expect(table.labelsOf(a).toRecord()).toEqual({ pod: '1' })
  })

  it('by nothing has one group', () => {
    const table = groupTable<number>({ grouping: [], without: false })
    table.set(a, 1)
    expect([table.get(other), table.labelsOf(other).size]).toEqual([1, 0])
  })

  it('without labels finds what agrees in all others but the name', () => {
    const table = groupTable<number>({ grouping: ['pod'], without: true })
    table.set(a, 1)
    expect([table.get(b), table.get(other), table.get(Labels.from({ job: 'y' }))]).toEqual([1, 1, undefined])
    expect(table.labelsOf(a).toRecord()).toEqual({ job: 'x' })
  })
})
