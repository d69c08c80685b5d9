import { rules } from '@signalbox/dashboards'
import { parse } from '@signalbox/promql'
import { type DialectId, dialects } from '@signalbox/signals'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { golden } from './golden.case.ts'
import { ruleFile, ruleTestFiles } from './rule-file.ts'
import { sampleGroups, sampleTests } from './sample-dashboard.case.ts'

interface RuleFile {
  readonly groups: readonly {
    readonly name: string
    readonly rules: readonly { readonly expr: string; readonly annotations?: Readonly<Record<string, string>> }[]
  }[]
}

const rulesIn = (text: string) => (parseYaml(text) as RuleFile).groups.flatMap((group) => group.rules)

describe('a rule file', () => {
  it('holds the groups that have rules, as Prometheus reads them', () => {
    const text = ruleFile(sampleGroups)
    expect(text).toBe(golden('sample.rules.yml', text))
  })

  it('links alerts to the page that explains them, where there is one', () => {
    const annotations = rulesIn(ruleFile(sampleGroups, { runbooks: 'https://example.org/alerts' })).map((rule) => rule.annotations)
    expect(annotations.at(-1)).toMatchObject({ runbook_url: 'https://example.org/alerts#queue-long' })
    expect(annotations.at(-1)).not.toHaveProperty('runbook')
  })

  it('has only PromQL that parses, for every dialect together and alone', () => {
    const objectives = { ttftSeconds: 2, tpotSeconds: 0.1, ttftRatio: 0.95, tpotRatio: 0.95, successRatio: 0.999 }
    const all = Object.keys(dialects) as DialectId[]
    for (const set of [all, ...all.map((dialect) => [dialect])]) {
      for (const { expr } of rulesIn(ruleFile(rules({ dialects: set, objectives }).groups))) {
        const parsed = parse(expr)
        expect(parsed.ok ? '' : `${expr}: ${parsed.error.message}`).toBe('')
      }
    }
  })
})

describe('the tests of a rule file', () => {
  it('ask for the alerts that fire, with their labels, and for none where all is quiet', () => {
    const [file] = ruleTestFiles(sampleTests, sampleGroups, 'sample.rules.yml')
    expect(file?.name).toBe('sample.rules.1m.test.yml')
    expect(file?.text).toBe(golden('sample.rules.1m.test.yml', file?.text ?? ''))
  })

  it('are evaluated as often as the rules, but with long steps once a step, in a file for each step', () => {
    const tests = [1_800, 15, 1_800].flatMap((intervalSeconds) => sampleTests.map((test) => ({ ...test, intervalSeconds })))
    const files = ruleTestFiles(tests, sampleGroups, 'x.rules.yml').map(({ name, text }) => {
      const { evaluation_interval: evaluation, tests } = parseYaml(text) as { evaluation_interval: string; tests: unknown[] }
      return [name, evaluation, tests.length]
    })
    expect(files).toEqual([
      ['x.rules.15s.test.yml', '30s', 1],
      ['x.rules.30m.test.yml', '30m', 2],
    ])
  })
})
