import type { DialectId, PrefixRule, SignalId } from '@signalbox/signals'
import { joined, levelsOf, ratesOf, ratio, unguarded } from './expressions.ts'
import { entriesIn, labelOf } from './selectors.ts'
import type { Scope } from './types.ts'

/** Tokens a second found in the prefix cache, and those looked up, with the same labels. */
export interface Lookups {
  readonly found: string
  readonly asked: string
}

/** A dialect in one of its spellings; undefined: its own. */
interface SpelledDialect {
  readonly dialect: DialectId
  readonly spelling: PrefixRule | undefined
}

/** One dialect's way to tell both, before anything is added up. */
type Term = (spelled: SpelledDialect, scope: Scope, by: readonly string[]) => Lookups | undefined

/**
 * What the scope's engines look up in their prefix caches and find there, added over the fleet, so that their ratio weighs
 * engines by lookups. Each instance counts in one way: two counters of lookups, else cached among prompt tokens, else the
 * engine's own average weighed by its prompt tokens. An engine that tells none of these is left out of both sides. Undefined
 * where no dialect tells.
 */
export function lookupsOf(scope: Scope, by: readonly string[] = []): Lookups | undefined {
  const lookups = counted('engine.prefix_hits', 'engine.prefix_queries')
  const everyone = scope.dialects.flatMap((dialect) =>
    [undefined, ...(scope.spellings ?? [])].map((spelling): SpelledDialect => ({ dialect, spelling })),
  )
  const whole = everyone.filter((spelled) => lookups(spelled, scope, by) !== undefined)
  const others = everyone.filter((spelled) => !whole.includes(spelled))
  const terms = [
    ...whole.map((spelled) => lookups(spelled, scope, by)),
    ...others.map((spelled) => guarded(counted('engine.prompt_tokens_cached', 'engine.prompt_tokens')(spelled, scope, by))),
    ...others.map((spelled) => averaged(spelled, scope, by)),
  ].filter((term) => term !== undefined)
  const labels = by.map((label) => labelOf('engine.prompt_tokens', label, scope))
  const found = joined('sum', labels, [...new Set(terms.map((term) => term.found))])
  const asked = joined('sum', labels, [...new Set(terms.map((term) => term.asked))])
  return found === undefined || asked === undefined ? undefined : { found, asked }
}

/** Share of looked-up prompt tokens that were cached, in 0..1; no value while nothing is looked up. */
export function hitRatioOf(scope: Scope, by: readonly string[] = []): string | undefined {
  const lookups = lookupsOf(scope, by)
  return ratio(lookups?.found, lookups?.asked)
}

function counted(foundSignal: SignalId, askedSignal: SignalId): Term {
  return (spelled, scope, by) => {
    const found = ratesIn(foundSignal, spelled, scope, by)
    const asked = ratesIn(askedSignal, spelled, scope, by)
    return found === undefined || asked === undefined ? undefined : { found, asked }
  }
}

/** Prompt tokens are counted by engines that do not report cached ones too: those would read 0 where it is not known. */
function guarded(term: Lookups | undefined): Lookups | undefined {
  return term === undefined ? undefined : { found: term.found, asked: `(${term.asked} and on (instance) ${term.found})` }
}

const averaged: Term = (spelled, scope, by) => {
  const share = levelsOf(entriesOf('engine.prefix_hit_ratio', spelled, scope), scope, { by })[0]
  const tokens = ratesIn('engine.prompt_tokens', spelled, scope, by)
  if (share === undefined || tokens === undefined) return undefined
  const labels = [...new Set(['instance', ...by.map((label) => labelOf('engine.prompt_tokens', label, scope))])].join(', ')
  const asked = `sum by (${labels}) (${tokens})`
  return { found: `avg by (${labels}) (${share}) * ${asked}`, asked: `(${asked} and on (instance) ${share})` }
}

function ratesIn(signal: SignalId, spelled: SpelledDialect, scope: Scope, by: readonly string[]): string | undefined {
  return ratesOf(unguarded(entriesOf(signal, spelled, scope)), scope, { by })[0]
}

function entriesOf(signal: SignalId, { dialect, spelling }: SpelledDialect, scope: Scope) {
  return entriesIn(signal, scope).filter((entry) => entry.dialect === dialect && entry.spelling === spelling)
}
