import type { AttemptView, CandidateView, DecisionView, TermInfo } from '../api-types.ts'
import { formatInteger, formatMargin, formatRatio, plural } from '../format/numbers.ts'

/** One plain sentence or two that say why the request went where it went. */
export function explain(decision: DecisionView): string {
  const attempt = decision.attempts.at(-1)
  if (attempt === undefined) {
    const why = decision.error === null ? '' : `: ${sentenceEnd(decision.error)}`
    if (decision.status === 'rejected') return `The request was turned away before an endpoint was chosen${why || '.'}`
    return decision.status === 'running' ? 'No endpoint has been chosen yet.' : `No endpoint was chosen${why || '.'}`
  }
  const parts = [failedBefore(decision.attempts), whyChosen(decision, attempt)]
  if (attempt.stale) parts.push('No endpoint had a fresh state, so only what the gateway itself had sent there was counted.')
  if (attempt.failure !== null) parts.push(`That attempt failed too: ${sentenceEnd(attempt.failure)}`)
  return parts.filter((part) => part !== '').join(' ')
}

function sentenceEnd(text: string): string {
  return text.endsWith('.') ? text : `${text}.`
}

function failedBefore(attempts: readonly AttemptView[]): string {
  const failed = attempts.slice(0, -1)
  if (failed.length === 0) return ''
  return failed
    .map(({ chosen, failure }, index) => `${chosen} was tried ${index === 0 ? 'first' : 'next'} and failed (${failure ?? 'no reason given'}).`)
    .join(' ')
}

const byId = (attempt: AttemptView, id: string | null): CandidateView | undefined => attempt.candidates.find(({ endpoint }) => endpoint === id)

function whyChosen(decision: DecisionView, attempt: AttemptView): string {
  const chosen = byId(attempt, attempt.chosen)
  const rival = byId(attempt, attempt.runnerUp)
  if (chosen === undefined || rival === undefined || attempt.margin === null) return onlyOne(attempt)
  if (!inSeconds(decision.termInfo)) return `${attempt.chosen} was chosen by the policy ${decision.policy}; ${rival.endpoint} was next in line.`
  if (attempt.tieBrokenBy === 'in-flight') {
    return `${attempt.chosen} was chosen: it costs as much as ${rival.endpoint}, and has fewer requests of ours in flight.`
  }
  if (attempt.tieBrokenBy === 'random')
    return `${attempt.chosen} was chosen at random: ${rival.endpoint} costs as much and has as many requests in flight.`
  const reason = mainReason(decision, chosen, rival)
  return `${attempt.chosen} was chosen: ${formatMargin(attempt.margin)} cheaper than ${rival.endpoint}${reason === '' ? '' : `, because ${reason}`}.`
}

function onlyOne(attempt: AttemptView): string {
  const filtered = attempt.candidates.filter(({ filteredBy }) => filteredBy !== null)
  if (filtered.length === 0) return `${attempt.chosen} was chosen: it is the only endpoint.`
  const why = filtered.slice(0, 3).map((candidate) => `${candidate.endpoint} ${filterWords(candidate)}`)
  const more = filtered.length > why.length ? `, and ${filtered.length - why.length} more` : ''
  return `${attempt.chosen} was chosen: it was the only candidate left (${why.join(', ')}${more}).`
}

/** Why a candidate is out, without its detail: `is held out`. Empty when it is not. */
export function filterWords(candidate: CandidateView): string {
  switch (candidate.filteredBy) {
    case null:
      return ''
    case 'held-out':
      return 'is held out'
    case 'model-not-served':
      return 'does not serve the model'
    case 'already-tried':
      return 'was tried already'
    case 'draining':
      return 'is draining'
  }
}

const inSeconds = (terms: readonly TermInfo[]): boolean => terms.some(({ unit }) => unit === 'seconds')

/** The term that speaks most for the choice, in words. */
function mainReason(decision: DecisionView, chosen: CandidateView, rival: CandidateView): string {
  const gain = (term: TermInfo) => (rival.terms[term.id] ?? 0) - (chosen.terms[term.id] ?? 0)
  const best = decision.termInfo.filter(({ unit }) => unit === 'seconds').sort((a, b) => gain(b) - gain(a))[0]
  if (best === undefined || gain(best) <= 0) return ''
  const prompt = decision.promptTokens ?? decision.promptTokensEstimated
  const moreCached = chosen.predictedCachedTokens - rival.predictedCachedTokens
  // A larger hit lowers the prefill and what it delays elsewhere: it is the cause behind both terms.
  if (moreCached > 0 && moreCached >= prompt * CACHE_SHARE && best.group !== 'own-decode') {
    const cached = Math.min(prompt, chosen.predictedCachedTokens)
    return `${formatInteger(cached)} of ${plural(prompt, 'prompt token')} are expected in its cache`
  }
  const values = `${formatMargin(chosen.terms[best.id] ?? 0)} against ${formatMargin(rival.terms[best.id] ?? 0)}`
  return `its “${best.label}” is lower (${values})`
}

/** Share of the prompt by which the predicted hits must differ before a cache hit is named as the cause. */
const CACHE_SHARE = 0.05

/** How ties are settled, and whether one was. */
export function tieRule(attempt: AttemptView): string {
  switch (attempt.tieBrokenBy) {
    case 'none':
      return 'There was no tie. Equal costs go to the endpoint with the fewest requests in flight, then to a random one.'
    case 'in-flight':
      return 'Costs were equal: the endpoint with the fewest requests in flight won.'
    case 'random':
      return 'Costs and requests in flight were equal: the choice was random.'
  }
}

/** Prediction against outcome in words: `12 % later than predicted`. Empty while one is missing. */
export function ttftError(predictedMs: number | null, actualMs: number | null): string {
  if (predictedMs === null || actualMs === null || predictedMs <= 0) return ''
  const ratio = actualMs / predictedMs - 1
  if (Math.abs(ratio) < 0.02) return 'as predicted'
  if (ratio >= 1) return `${(ratio + 1).toFixed(1)} times the prediction`
  return `${formatRatio(Math.abs(ratio))} ${ratio > 0 ? 'later' : 'earlier'} than predicted`
}
