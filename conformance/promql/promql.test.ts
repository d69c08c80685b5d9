import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runScript } from '../../packages/promql/src/promqltest/run.ts'
import { parseSkips } from './skips.ts'

const own = new URL('./', import.meta.url)
const shared = new URL('../../../shared/conformance/promql/', import.meta.url)
const skips = parseSkips(readFileSync(new URL('skips.json', own), 'utf8'))

function testFiles(folder: URL): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.test'))
}

function unexpected(folder: URL, file: string): string[] {
  const skipped = new Set(skips.filter((skip) => skip.file === file).map(({ line }) => line))
  const outcomes = runScript(readFileSync(new URL(file, folder), 'utf8'))
  expect(outcomes.length).toBeGreaterThan(0)
  return outcomes.flatMap(({ line, expr, problem }) => (problem === undefined || skipped.has(line) ? [] : [`${file}:${line}: ${expr}: ${problem}`]))
}

describe('our own promqltest files', () => {
  for (const file of testFiles(own)) {
    it(`${file} passes`, () => {
      expect(unexpected(own, file)).toEqual([])
    })
  }
})

describe("Prometheus's promqltest files", () => {
  const present = existsSync(shared)
  it.skipIf(present)('are not at hand: ../shared/conformance/promql is missing', (context) => context.skip())
  for (const file of present ? testFiles(shared) : []) {
    it(`${file} passes`, () => {
      expect(unexpected(shared, file)).toEqual([])
    })
  }
})

describe('the list of skips', () => {
  it('is refused when an entry gives no reason', () => {
    expect(() => parseSkips('[{"file": "a.test", "line": 3, "reason": ""}]')).toThrow('skips.json[0] needs file, line and reason')
  })
})
