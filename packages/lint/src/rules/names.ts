import type { VectorSelector } from '@signalbox/promql'
import { type KnownName, meaningsOf, prefixRules, spellingsOf } from '@signalbox/signals'
import { type Spot, selectorsIn } from '../expression/walk.ts'
import { nearestName } from '../nearest-name.ts'
import { nameEdits, renameEdits, renameOf } from '../renames.ts'
import { type Found, foundIn, type LintRule, type ParsedQuery, type Surroundings } from '../rule.ts'
import { allNames, isPast, knownPrefixes, metricOf, nameOf } from '../vocabulary.ts'

const PARTS = ['_bucket', '_sum', '_count'] as const
/** Two letters: more, and one name of the vocabulary is mistaken for another. */
const CHANGES_MAX = 2

/** What an alert loses by a name that has no series. */
function consequence(query: ParsedQuery): string {
  return query.purpose === 'alert' ? '; the alert cannot fire' : ''
}

/** Every selector with a name that is not made by a recording rule. */
function named({ expr }: ParsedQuery, { recorded }: Surroundings): readonly Spot<VectorSelector>[] {
  return selectorsIn(expr).filter((spot) => nameOf(spot.expr) !== '' && !recorded.has(nameOf(spot.expr)))
}

/**
 * True where an old name is only one of several: the panel reads another name of its signal too, something current stands on the other side
 * of an `or`, or its series only tell what version runs. Such a query is to work with several versions.
 */
function isAlternative({ expr: selector, around }: Spot<VectorSelector>, { versions }: Surroundings, siblings: readonly ParsedQuery[]): boolean {
  const name = nameOf(selector)
  const signals = new Set(metricOf(selector).meanings.map(({ entry }) => entry.signal))
  const isTwin = (other: VectorSelector): boolean => nameOf(other) !== name && metricOf(other).meanings.some(({ entry }) => signals.has(entry.signal))
  if (siblings.some(({ expr }) => selectorsIn(expr).some((other) => isTwin(other.expr)))) return true
  return around.some((outer, depth) => {
    if (outer.kind !== 'binary') return false
    const inner = around[depth - 1] ?? selector
    if (outer.operator === 'unless') return outer.right === inner
    if (outer.operator !== 'or') return false
    return selectorsIn(outer.left === inner ? outer.right : outer.left).some((other) => isCurrent(other.expr, versions))
  })
}

function isCurrent(selector: VectorSelector, versions: Surroundings['versions']): boolean {
  const { meanings } = metricOf(selector)
  return meanings.length > 0 && !isPast(meanings, versions)
}

function versionText({ entry }: KnownName): string {
  if (entry.hiddenFrom !== undefined) return `hidden from ${entry.hiddenFrom} on`
  return entry.until === undefined ? 'deprecated' : `last in ${entry.until}`
}

const removedMetric: LintRule = {
  id: 'removed-metric',
  code: 'L03',
  severity: 'error',
  tests: 'A name that the current versions of its system do not show',
  why: 'The query is empty wherever the system is up to date.',
  fix: 'take the current name; `--fix` writes it where it says the same',
  query: (query, surroundings, siblings) => pastNames(query, { surroundings, siblings, gone: true }),
}

const deprecatedMetric: LintRule = {
  id: 'deprecated-metric',
  code: 'L03',
  severity: 'warning',
  tests: 'A name that has a successor and is still shown beside it',
  why: 'It goes away with one of the next versions, without an error: the panel becomes empty.',
  fix: 'take the current name; `--fix` writes it where it says the same',
  query: (query, surroundings, siblings) => pastNames(query, { surroundings, siblings, gone: false }),
}

interface PastSearch {
  readonly surroundings: Surroundings
  readonly siblings: readonly ParsedQuery[]
  readonly gone: boolean
}

function pastNames(query: ParsedQuery, { surroundings, siblings, gone }: PastSearch): readonly Found[] {
  return named(query, surroundings).flatMap((spot) => {
    const metric = metricOf(spot.expr)
    if (!isPast(metric.meanings, surroundings.versions) || isAlternative(spot, surroundings, siblings)) return []
    const [meaning] = metric.meanings
    if (meaning === undefined || metric.meanings.every(({ entry }) => entry.until !== undefined) !== gone) return []
    const rename = renameOf(metric.meanings)
    const message = `\`${metric.name}\` is ${versionText(meaning)}${rename === undefined ? '' : `; it is \`${rename.name}\` now`}${gone ? consequence(query) : ''}`
    if (rename === undefined) {
      return [foundIn(query, spot.expr.place, message, { fix: meaning.entry.note ?? 'it has no successor: take the query out' })]
    }
    const edits = renameEdits(query, spot, rename)
    const labels = [...rename.labels].map(([old, next]) => `, its label \`${old}\` \`${next}\``).join('')
    const byHand = edits.length > 0 ? '' : ' (by hand: more than the name differs)'
    return [foundIn(query, spot.expr.place, message, { fix: `write \`${rename.name}\`${labels}${byHand}`, edits })]
  })
}

const incompleteName: LintRule = {
  id: 'incomplete-name',
  code: 'L03',
  severity: 'error',
  tests: 'A known name without the ending that its samples have (`_total`, `_bucket`, `_sum`, `_count`)',
  why: 'Client libraries add the ending when they expose the metric: no series has the name without it.',
  fix: 'write the name as /metrics shows it',
  query: (query, surroundings) =>
    named(query, surroundings).flatMap(({ expr: selector }) => {
      const name = nameOf(selector)
      const metric = metricOf(selector)
      if (metric.shape === 'family') {
        const parts = PARTS.map((part) => `\`${name}${part}\``).join(', ')
        return [
          foundIn(query, selector.place, `\`${name}\` is a histogram: its series are ${parts}${consequence(query)}`, {
            fix: `write one of ${parts}`,
          }),
        ]
      }
      if (metric.meanings.length > 0 || meaningsOf(`${name}_total`).length === 0) return []
      const successor = renameOf(meaningsOf(`${name}_total`))?.name ?? `${name}_total`
      const message = `no series is called \`${name}\`: the counter is \`${name}_total\`${consequence(query)}`
      return [foundIn(query, selector.place, message, { fix: `write \`${successor}\``, edits: nameEdits(query, selector, `${name}_total`) })]
    }),
}

const misspeltMetric: LintRule = {
  id: 'misspelt-metric',
  code: 'L03',
  severity: 'error',
  tests: 'A name that nobody has, near to one that is known',
  why: 'The query is empty.',
  fix: 'write the known name',
  query: (query, surroundings) =>
    unknownNames(query, surroundings).flatMap((selector) => {
      const near = nearKnown(nameOf(selector))
      if (near === undefined) return []
      const message = `\`${nameOf(selector)}\` is no known metric${consequence(query)}`
      return [foundIn(query, selector.place, message, { fix: `did you mean \`${near}\`?` })]
    }),
}

const unlistedMetric: LintRule = {
  id: 'unlisted-metric',
  code: 'L03',
  severity: 'info',
  tests: 'A name with the prefix of a known system that the vocabulary does not have',
  why: 'It may be of another version, or a mistake; nothing about it can be checked.',
  fix: 'look whether /metrics shows it, or check with `--against`',
  query: (query, surroundings) =>
    unknownNames(query, surroundings).flatMap((selector) => {
      const name = nameOf(selector)
      if (nearKnown(name) !== undefined || !knownPrefixes.some((prefix) => name.startsWith(prefix))) return []
      return [foundIn(query, selector.place, `\`${name}\` is not in the vocabulary`)]
    }),
}

const formerPrefix: LintRule = {
  id: 'former-prefix',
  code: 'L03',
  severity: 'warning',
  tests: 'A former prefix of the endpoint picker (`llm_d_router_epp_`)',
  why: 'Current versions spell the prefix `llm_d_epp_`: the query is empty there.',
  fix: 'write the current prefix',
  query: (query, surroundings) =>
    named(query, surroundings).flatMap(({ expr: selector }) => {
      const { meanings, name } = metricOf(selector)
      const spelling = meanings[0]?.spelling
      // The other spellings come from how an engine runs (under Ray, behind a mapper), not from its age.
      if (spelling === undefined || spelling.replaces !== 'llm_d_epp_') return []
      const current = `${spelling.replaces}${name.slice(spelling.prefix.length)}`
      return [
        foundIn(query, selector.place, `\`${spelling.prefix}\` is a former prefix`, {
          fix: `write \`${current}\``,
          edits: nameEdits(query, selector, current),
        }),
      ]
    }),
}

function unknownNames(query: ParsedQuery, surroundings: Surroundings): readonly VectorSelector[] {
  return named(query, surroundings)
    .map(({ expr }) => expr)
    .filter((selector) => {
      const name = nameOf(selector)
      return !name.includes('standin') && meaningsOf(name).length === 0 && meaningsOf(`${name}_total`).length === 0
    })
}

/** The known name that is meant, with the part of a histogram; only for names with a known prefix. */
function nearKnown(name: string): string | undefined {
  if (!knownPrefixes.some((prefix) => name.startsWith(prefix))) return undefined
  const part = PARTS.find((one) => name.endsWith(one)) ?? ''
  const family = name.slice(0, name.length - part.length)
  const spelling = prefixRules.find(({ prefix }) => family.startsWith(prefix))
  const plain = spelling === undefined ? family : `${spelling.replaces}${family.slice(spelling.prefix.length)}`
  if (part === '' || meaningsOf(plain).length === 0) {
    const near = nearestName(plain, allNames, CHANGES_MAX)
    const [entry] = near === undefined ? [] : meaningsOf(near)
    if (near === undefined || entry === undefined) return undefined
    const spelled = spellingsOf(entry.entry).find((one) => spelling !== undefined && one.startsWith(spelling.prefix)) ?? near
    return `${spelled}${part}`
  }
  // A part of something that has none.
  return spelling === undefined ? plain : family
}

export const nameRules: readonly LintRule[] = [removedMetric, deprecatedMetric, incompleteName, misspeltMetric, unlistedMetric, formerPrefix]
