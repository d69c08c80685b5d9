import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import { columnIds, commandLine, names, number, several, whole } from './experiment-flags.ts'

describe('numbers of flags', () => {
  it('are taken within their bounds, which belong to them', () => {
    expect(['1', '100', ' 7 '].map(whole(1, 100))).toEqual([1, 100, 7])
    expect(['0.3', '1e1', '10'].map(number(0.001, 10))).toEqual([0.3, 10, 10])
  })

  it.each(['', ' ', '0', '101', '1.5', '-1', '1e1', 'many', 'NaN'])('are refused with what was expected: %j is no count of 1 to 100', (text) => {
    expect(() => whole(1, 100)(text)).toThrow(new InvalidArgumentError('expected a whole number from 1 to 100.'))
  })

  it.each(['', ' ', '0', '11', 'x', 'NaN', 'Infinity', '0.5,'])('are refused with what was expected: %j is no number of 0.001 to 10', (text) => {
    expect(() => number(0.001, 10)(text)).toThrow('expected a number from 0.001 to 10.')
  })

  it('with commas between come each once, in rising order', () => {
    expect(several(number(0, 1))('0.9,0.3, 0.90')).toEqual([0.3, 0.9])
    expect(() => several(number(0, 1))('0.3,')).toThrow('expected a number from 0 to 1.')
  })
})

describe('names of flags', () => {
  it('come each once, in the order given', () => {
    expect(names('least-cost, ./mine.mjs,least-cost')).toEqual(['least-cost', './mine.mjs'])
    for (const text of ['', ',', 'a,', 'a,,b']) expect(() => names(text), text).toThrow('none of them empty')
  })

  it('of columns are known ones; a slip is answered with the nearest', () => {
    const columns = columnIds([{ id: 'ttftP50Ms' }, { id: 'hitRatio' }])
    expect(columns('hitRatio,ttftP50Ms')).toEqual(['hitRatio', 'ttftP50Ms'])
    expect(() => columns('hitratio')).toThrow('there is no column "hitratio"; did you mean hitRatio?')
    expect(() => columns('entirely')).toThrow('there are ttftP50Ms, hitRatio')
  })
})

it('the command line is one that a shell takes back', () => {
  expect(commandLine(['replay', 'my trace.jsonl', '--policy', "it's.mjs", '--engines', '8x8b-h100,noise=0.3+4x8b-a100'])).toBe(
    `signalbox replay 'my trace.jsonl' --policy 'it'\\''s.mjs' --engines 8x8b-h100,noise=0.3+4x8b-a100`,
  )
})
