import type { VectorSelector } from '@signalbox/promql'
import { meaningsOf } from '@signalbox/signals'
import { aggregatesIn, callsIn, selectorsIn } from '../expression/walk.ts'
import { nearestName } from '../nearest-name.ts'
import { foundIn, type LintRule } from '../rule.ts'
import { allLabels, labelsOf, metricOf, nameOf } from '../vocabulary.ts'

/** What scraping and relabelling put on any series. */
const TARGET_LABELS: ReadonlySet<string> = new Set(
  'instance job namespace pod container node cluster region zone service endpoint app model host hostname device name'.split(' '),
)

/** Labels of the vocabulary that the metric has not; those that nobody's metrics have may come from the deployment. */
function isForeign(label: string, own: ReadonlySet<string>): boolean {
  return !own.has(label) && allLabels.has(label) && !TARGET_LABELS.has(label) && !label.startsWith('exported_')
}

/** vLLM's front end in Rust spells one label otherwise. SOURCE: reference/vllm.md §1.8. */
function isVariant(selector: VectorSelector, label: string): boolean {
  return label === 'finish_reason' && labelsOf(metricOf(selector))?.has('finished_reason') === true
}

const unknownLabel: LintRule = {
  id: 'unknown-label',
  code: 'L14',
  severity: 'warning',
  tests: 'A label that the metric does not have',
  why: 'As a condition it finds nothing, in a grouping it is empty.',
  fix: 'take one of the labels that the metric has',
  query: (query, { recorded }) => {
    const conditions = selectorsIn(query.expr).flatMap(({ expr: selector }) => {
      const own = recorded.has(nameOf(selector)) ? undefined : labelsOf(metricOf(selector))
      if (own === undefined) return []
      return selector.matchers
        .filter(({ name, matches }) => name !== '__name__' && isForeign(name, own) && !isVariant(selector, name) && !matches(''))
        .map(({ name }) => foundIn(query, selector.place, `\`${nameOf(selector)}\` has no label \`${name}\``, { fix: listed(own) }))
    })
    const groupings = aggregatesIn(query.expr).flatMap(({ expr }) => {
      const selectors = selectorsIn(expr.expr)
      const [only] = selectors
      if (expr.without || selectors.length !== 1 || only === undefined || recorded.has(nameOf(only.expr))) return []
      if (callsIn(expr.expr, 'label_replace', 'label_join').length > 0) return []
      const own = labelsOf(metricOf(only.expr))
      if (own === undefined) return []
      return expr.grouping
        .filter((label) => isForeign(label, own) && !isVariant(only.expr, label))
        .map((label) => foundIn(query, expr.place, `\`${nameOf(only.expr)}\` has no label \`${label}\``, { severity: 'info', fix: listed(own) }))
    })
    return [...conditions, ...groupings]
  },
}

function listed(own: ReadonlySet<string>): string {
  return own.size === 0 ? 'it has none of its own' : `it has ${[...own].map((label) => `\`${label}\``).join(', ')}`
}

const unknownLabelValue: LintRule = {
  id: 'unknown-label-value',
  code: 'L14',
  severity: 'error',
  tests: 'A value, near to a known one, of a label by which a family tells its signals apart',
  why: 'No series has it.',
  fix: 'write the known value',
  query: (query) =>
    selectorsIn(query.expr).flatMap(({ expr: selector }) =>
      selector.matchers.flatMap(({ name, operator, value }) => {
        const known = new Set(meaningsOf(nameOf(selector)).flatMap(({ entry }) => entry.where?.[name] ?? []))
        known.delete('')
        if (operator !== '=' || known.size === 0 || known.has(value) || value.includes('$')) return []
        const near = nearestName(value, known, 2)
        return near === undefined
          ? []
          : [foundIn(query, selector.place, `\`${nameOf(selector)}\` has no ${name}="${value}"`, { fix: `did you mean "${near}"?` })]
      }),
    ),
}

/** Labels that say where something runs: literal values tie a dashboard to one place. */
const PLACES: ReadonlySet<string> = new Set(['namespace', 'instance', 'pod', 'cluster', 'node', 'Hostname'])

const hardCodedPlace: LintRule = {
  id: 'hard-coded-place',
  code: 'L19',
  severity: 'warning',
  tests: 'A dashboard query tied to one namespace, pod or instance by a literal',
  why: 'Anywhere else the panel is empty.',
  fix: 'offer a variable: `namespace=~"$namespace"`',
  query: (query) => {
    if (query.purpose !== 'panel' && query.purpose !== 'variable') return []
    return selectorsIn(query.expr).flatMap(({ expr: selector }) =>
      selector.matchers
        .filter(({ name, operator, value }) => (PLACES.has(name) || name === 'job') && operator === '=' && value !== '' && !/\$|\[\[/.test(value))
        .map(({ name, value }) =>
          foundIn(query, selector.place, `${name}="${value}" ties the query to one place`, name === 'job' ? { severity: 'info' } : {}),
        ),
    )
  },
}

export const labelRules: readonly LintRule[] = [unknownLabel, unknownLabelValue, hardCodedPlace]
