import { rules } from '@signalbox/dashboards'
import { parse } from '@signalbox/promql'
import { type DialectId, dialects } from '@signalbox/signals'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { golden } from './golden.case.ts'
import { ruleFile, ruleTestFile } from './rule-file.ts'
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

it('a test file asks for the alerts that fire, with their labels, and for none where all is quiet', () => {
  const text = ruleTestFile(sampleTests, sampleGroups, 'sample.rules.yml')
  expect(text).toBe(golden('sample.rules.test.yml', text))
})
