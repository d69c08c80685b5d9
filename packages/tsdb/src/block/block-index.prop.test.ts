import { Labels } from '@signalbox/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareLabels } from './block-format.ts'
import { BlockIndex } from './block-index.ts'
import { IndexBuilder } from './index-builder.ts'

const labels = fc.dictionary(fc.constantFrom('a', 'b', '__name__', 'ä'), fc.constantFrom('1', '2', 'zwölf', '漢', 'a'), { minKeys: 1 })
const sets = fc
  .uniqueArray(labels, { selector: (one) => Labels.from(one).key, maxLength: 30 })
  .map((all) => all.map((one) => Labels.from(one)).sort(compareLabels))

function built(all: readonly Labels[]) {
  const builder = new IndexBuilder()
  for (const [i, one] of all.entries()) builder.addSeries(one, 2 * i)
  return builder.build(2 * all.length)
}

describe('the index of a block', () => {
  it('finds by equality what has the label, and gives back labels and chunks', () => {
    fc.assert(
      fc.property(sets, fc.constantFrom('a', 'b', 'x'), fc.constantFrom('1', 'zwölf', '漢', 'none'), (all, name, wanted) => {
        const { bytes, counts } = built(all)
        const index = BlockIndex.of(bytes, counts, 2 * all.length) as BlockIndex
        expect(index.seriesCount).toBe(all.length)
        all.forEach((one, i) => {
          expect(index.labelsOf(i).toRecord()).toEqual(one.toRecord())
          expect(index.chunksOf(i)).toEqual({ from: 2 * i, to: 2 * i + 2 })
        })
        const found = index.select([{ name, operator: '=', value: wanted, matches: (text) => text === wanted }])
        expect([...found]).toEqual(all.flatMap((one, i) => (one.get(name) === wanted ? [i] : [])))
      }),
    )
  })

  it('of any bytes is refused or answers, and never throws', () => {
    fc.assert(
      fc.property(sets, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), (all, edits) => {
        const { bytes, counts } = built(all)
        for (const [at, byte] of edits) bytes[at % bytes.length] = byte
        const index = BlockIndex.of(bytes, counts, 2 * all.length)
        if (index === undefined) return
        for (const name of ['a', 'b']) {
          for (const series of index.select([{ name, operator: '=~', value: '.+', matches: (text) => text !== '' }])) {
            expect(series).toBeLessThan(all.length)
            expect(index.labelsOf(series).size).toBeLessThanOrEqual(counts.postings)
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})
