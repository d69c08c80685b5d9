import { describe, expect, test } from 'vitest'
import { differenceOf } from '../../../conformance/prometheus/compare.ts'
import { runSuite } from '../../../conformance/prometheus/run.ts'
import { referenceVersion } from '../../../conformance/prometheus/servers.ts'
import { readKnown, readQueries, templatesFile } from '../../../conformance/prometheus/suite-files.ts'

const version = referenceVersion()
const queries = readQueries(templatesFile)
const isSkipped = queries === undefined || (version === undefined && process.env['CI'] !== 'true')
if (isSkipped) {
  const reason = queries === undefined ? 'the templates of prometheus/compliance are not beside the repository' : 'there is no prometheus on the path'
  console.log(`The comparison with a real Prometheus is skipped: ${reason}.`)
}

test.skipIf(isSkipped)('every query of the suite is answered as a real Prometheus answers it', async () => {
  const known = readKnown()
  const { differences, obsolete, total, passed, empty } = await runSuite(queries ?? [], known, Date.now())
  expect(differences).toEqual([])
  expect(obsolete).toEqual([])
  expect(total).toBe(539)
  expect(passed).toBe(total - known.length)
  // Empty answers would agree about anything.
  expect(empty).toBeLessThan(100)
})

describe('the comparison', () => {
  const series = (values: readonly (readonly [number, string])[], job = 'a') => ({ metric: { job }, values })

  test.each([
    ['a value that is a little off', [series([[1, '1.0001']])], '{job="a"}: at 1: wanted 1, got 1.0001'],
    ['a missing series', [], 'the series {job="a"} is missing'],
    ['a series too many', [series([[1, '1']]), series([], 'b')], 'the series {job="b"} should not be there'],
    ['a missing point', [series([])], '{job="a"}: point 0: wanted one at 1, got none'],
    ['another time', [series([[2, '1']])], '{job="a"}: point 0: wanted one at 1, got one at 2'],
    ['NaN for a number', [series([[1, 'NaN']])], '{job="a"}: at 1: wanted 1, got NaN'],
    ['the same labels twice', [series([[1, '1']]), series([[1, '1']])], 'two series have the same labels'],
  ])('sees %s', (_what, got, difference) => {
    expect(differenceOf([series([[1, '1']])], got)).toBe(difference)
  })

  test('overlooks the order of series, the last digits, and NaN for NaN', () => {
    const wanted = [series([[1, '1']]), series([[1, 'NaN']], 'b'), series([[1, '+Inf']], 'c')]
    const got = [series([[1, '+Inf']], 'c'), series([[1, 'NaN']], 'b'), series([[1, '1.000001']])]
    expect(differenceOf(wanted, got)).toBeUndefined()
  })
})
