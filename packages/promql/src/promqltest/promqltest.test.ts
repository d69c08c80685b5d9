import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runScript } from './run.ts'

const folder = new URL('../../testdata/', import.meta.url)

describe('the promqltest files of this package', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.test'))) {
    it(`${file} passes`, () => {
      const outcomes = runScript(readFileSync(new URL(file, folder), 'utf8'))
      expect(outcomes.length).toBeGreaterThan(0)
      expect(outcomes.filter(({ problem }) => problem !== undefined)).toEqual([])
    })
  }
})

describe('the runner itself', () => {
  const problemsOf = (text: string) => runScript(`load 1m\n  m{a="b"} 1 2 stale\n\n${text}`).map(({ problem }) => problem)

  it('finds a wrong value, a missing series and an unexpected one', () => {
    expect(problemsOf('eval instant at 1m m\n  m{a="b"} 3')).toEqual(['{__name__="m", a="b"}: 2 at 60000, expected 3'])
    expect(problemsOf('eval instant at 1m none\n  none 3')).toEqual(['missing series {__name__="none"}'])
    expect(problemsOf('eval instant at 1m m')).toEqual(['unexpected series {__name__="m", a="b"} 2'])
  })

  it('finds a failure that was not expected and the lack of one that was', () => {
    expect(problemsOf('eval instant at 1m count_values("", m)')).toEqual(['failed: invalid label name ""'])
    expect(problemsOf('eval instant at 1m m\n  expect fail')).toEqual(['did not fail'])
  })

  it('counts what it cannot read as failed, and reads on', () => {
    expect(problemsOf('eval instant at 1m m\n  m{a="b"} {{bogus:1}}\n\neval instant at 1m m\n  m{a="b"} 2')).toEqual([
      'cannot be read: unknown fields in {{bogus:1}}: bogus',
      undefined,
    ])
  })
})
