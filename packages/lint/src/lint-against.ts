import type { VectorSelector } from '@signalbox/promql'
import { selectorsIn } from './expression/walk.ts'
import { queriesOf, type ReadFile, readAll, recordedNames, summary, toFinding } from './lint.ts'
import type { SelectorMatcher, ServedSeries } from './ports.ts'
import { foundIn, type LintRule } from './rule.ts'
import type { Finding, Findings, LintFile } from './types.ts'
import { nameOf } from './vocabulary.ts'

/** The check that needs something to ask; its texts stand beside those of the rules. */
export const servedRule: LintRule = {
  id: 'not-served',
  code: 'L35',
  severity: 'error',
  tests: 'A series that is not there, when asked with `--against`',
  why: 'The query is empty.',
  fix: 'look whether the name, the labels or the scraping is wrong: `signalbox doctor`',
}

/**
 * What the files ask for and `served` does not have. Conditions that a variable fills are left out, and names that recording rules of the
 * files make, names under `absent` and conditions that a missing label meets are not asked for. Rejects when `served` does.
 */
export async function lintAgainst(files: readonly LintFile[], served: ServedSeries): Promise<Findings> {
  const readings = readAll(files)
  const recorded = recordedNames(readings)
  const answers = new Map<string, boolean>()
  const found = new Map<ReadFile, readonly Finding[]>()
  for (const reading of readings) {
    const findings: Finding[] = []
    for (const query of reading.documents.flatMap(queriesOf)) {
      if (query.parsed?.ok !== true) continue
      for (const { expr: selector, around } of selectorsIn(query.parsed.value)) {
        const name = nameOf(selector)
        if (name === '' || name === 'standin' || recorded.has(name) || around.some((one) => one.kind === 'call' && one.name.startsWith('absent')))
          continue
        const matchers = askedMatchers(selector)
        if (await has(served, name, matchers, answers)) continue
        const named = matchers.length === 0 || !(await has(served, name, [], answers))
        const message = named ? `no series is called \`${name}\`` : `no series of \`${name}\` meets the conditions`
        findings.push(toFinding(servedRule, foundIn(query, selector.place, message), reading))
      }
    }
    found.set(reading, findings)
  }
  return summary(readings, (reading) => found.get(reading) ?? [])
}

/** Without the name, and without what a variable fills. */
function askedMatchers(selector: VectorSelector): readonly SelectorMatcher[] {
  return selector.matchers
    .filter(({ name, value }) => name !== '__name__' && name !== 'standin' && !/\$|\[\[/.test(value))
    .map(({ name, operator, value }) => ({ name, operator, value }))
}

async function has(served: ServedSeries, name: string, matchers: readonly SelectorMatcher[], answers: Map<string, boolean>): Promise<boolean> {
  const key = JSON.stringify([name, matchers])
  const known = answers.get(key)
  if (known !== undefined) return known
  const answer = await served.has(name, matchers)
  answers.set(key, answer)
  return answer
}
