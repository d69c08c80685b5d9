import { type DialectId, dialects, type PrefixRule, prefixRules } from '@signalbox/signals'
import { InvalidArgumentError } from 'commander'
import { closest } from '../config/closest.ts'

const every = Object.keys(dialects) as readonly DialectId[]

/** Names of dialects with commas between them, or `all`. */
export function dialectNames(text: string): readonly DialectId[] {
  if (text === 'all') return every
  return listOf(text).map((name) => {
    const known = every.find((dialect) => dialect === name)
    if (known !== undefined) return known
    const suggestion = closest(name, every)
    throw new InvalidArgumentError(
      `there is no dialect ${JSON.stringify(name)}; ${suggestion === undefined ? '' : `did you mean "${suggestion}"? `}There are all, ${every.join(', ')}.`,
    )
  })
}

/** How names of a dialect may begin instead of their own beginning, with commas between them. */
export function spellingNames(text: string): readonly PrefixRule[] {
  return listOf(text).map((prefix) => {
    const known = prefixRules.find((rule) => rule.prefix === prefix)
    if (known !== undefined) return known
    const all = prefixRules.map(({ prefix: spelled, replaces }) => `${spelled} (for ${replaces})`)
    throw new InvalidArgumentError(`there is no spelling ${JSON.stringify(prefix)}; there are ${all.join(', ')}.`)
  })
}

/** An http address, as it was given. */
export function address(text: string): string {
  if (!/^https?:\/\/./.test(text) || !URL.canParse(text)) throw new InvalidArgumentError('expected an address such as http://prometheus:9090.')
  return text
}

/** Seconds between two scrapes, 1 s to 1 h. */
export function scrapeInterval(text: string): number {
  const [, number, unit] = /^(\d{1,5})(s|m|h)$/.exec(text) ?? []
  const seconds = Number(number) * (unit === 'h' ? 3_600 : unit === 'm' ? 60 : 1)
  if (!(seconds >= 1 && seconds <= 3_600)) throw new InvalidArgumentError('an interval is 1s to 1h, such as 15s.')
  return seconds
}

/** Most engines that run in one pod: one an accelerator. */
const RANKS_MAX = 16

export function rankCount(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
  if (!(count >= 1 && count <= RANKS_MAX)) throw new InvalidArgumentError(`a pod has 1 to ${RANKS_MAX} ranks.`)
  return count
}

/** SOURCE: RFC 1123 labels, as Kubernetes asks of namespaces. */
export function namespaceName(text: string): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) {
    throw new InvalidArgumentError('a namespace has lower-case letters, digits and dashes, at most 63, such as llm-d.')
  }
  return text
}

export function namespaceNames(text: string): readonly string[] {
  return listOf(text).map(namespaceName)
}

/** `name=value` with commas between them. SOURCE: Kubernetes, syntax of labels. */
export function kubernetesLabels(text: string): Readonly<Record<string, string>> {
  const word = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?'
  const label = new RegExp(`^(?<name>([a-z0-9.-]{1,253}/)?${word})=(?<value>(${word})?)$`)
  return Object.fromEntries(
    listOf(text).map((pair) => {
      const { name, value } = label.exec(pair)?.groups ?? {}
      if (name === undefined || value === undefined) throw new InvalidArgumentError(`${JSON.stringify(pair)} is no label such as release=prometheus.`)
      return [name, value]
    }),
  )
}

function listOf(text: string): readonly string[] {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.includes('')) throw new InvalidArgumentError('expected names with commas between them, and none of them empty.')
  return [...new Set(parts)]
}
