import { assert, failure, ok, type Result } from '@signalbox/base'
import { leastCost } from './policies/least-cost.ts'
import { leastRequests } from './policies/least-requests.ts'
import { longestPrefix } from './policies/longest-prefix.ts'
import { random } from './policies/random.ts'
import { roundRobin } from './policies/round-robin.ts'
import { definePolicy, type PolicyDefinition, type PolicyPlugin } from './policy.ts'

/** The built-in policies by type. */
export const policies: ReadonlyMap<string, PolicyPlugin> = registry([leastCost, roundRobin, leastRequests, longestPrefix, random])

/** What is wrong with a module that was to be a policy; `message` lists all of it. */
export interface PolicyModuleError {
  readonly code: 'invalid-policy'
  readonly message: string
  readonly problems: readonly string[]
}

const STABILITIES = ['stable', 'beta', 'alpha']
const UNITS = ['seconds', 'requests', 'none']
const GROUPS = ['ttft', 'others', 'own-decode', 'order']
const TERMS_MAX = 32

/** Checks a user's module namespace, which must export a `PolicyDefinition` under the name `policy`. Every fault is named, not the first alone. */
export function loadPolicy(module: unknown): Result<PolicyPlugin, PolicyModuleError> {
  const exported = isRecord(module) ? module['policy'] : undefined
  if (!isRecord(exported)) return invalid(['no export named "policy" (write: export const policy = { type, ... })'])
  const problems = [
    ...(isName(exported['type']) ? [] : ['policy.type must be a name of letters, digits and dashes']),
    ...(isName(exported['type']) && policies.has(exported['type']) ? [`policy.type "${exported['type']}" is a built-in policy`] : []),
    ...oneOf('policy.stability', exported['stability'], STABILITIES),
    ...text('policy.description', exported['description']),
    ...termProblems(exported['terms']),
    ...(typeof exported['create'] === 'function' ? [] : ['policy.create must be a function (parameters, deps) that answers { score }']),
  ]
  if (problems.length > 0) return invalid(problems)
  // Every field was checked above; what `create` answers is checked when it is called, which is at load as well.
  return ok(definePolicy(exported as unknown as PolicyDefinition))
}

function registry(plugins: readonly PolicyPlugin[]): ReadonlyMap<string, PolicyPlugin> {
  const byType = new Map(plugins.map((plugin) => [plugin.type, plugin]))
  assert(byType.size === plugins.length, 'two policies of one type')
  return byType
}

function termProblems(terms: unknown): string[] {
  if (!Array.isArray(terms) || terms.length === 0 || terms.length > TERMS_MAX) return [`policy.terms must be a list of 1 to ${TERMS_MAX} terms`]
  const problems = terms.flatMap((term: unknown, at) => {
    const where = `policy.terms[${at}]`
    if (!isRecord(term)) return [`${where} must be an object`]
    return [
      ...text(`${where}.id`, term['id']),
      ...text(`${where}.label`, term['label']),
      ...oneOf(`${where}.unit`, term['unit'], UNITS),
      ...oneOf(`${where}.group`, term['group'], GROUPS),
      ...text(`${where}.description`, term['description']),
    ]
  })
  const ids = terms.filter(isRecord).map((term) => term['id'])
  return new Set(ids).size === ids.length ? problems : [...problems, 'policy.terms has two terms of one id']
}

function text(where: string, value: unknown): string[] {
  return typeof value === 'string' && value !== '' ? [] : [`${where} must be a text that is not empty`]
}

function oneOf(where: string, value: unknown, allowed: readonly string[]): string[] {
  return typeof value === 'string' && allowed.includes(value) ? [] : [`${where} must be one of ${allowed.join(', ')}`]
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z][a-z0-9-]{0,63}$/.test(value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function invalid(problems: readonly string[]): Result<never, PolicyModuleError> {
  return failure({ code: 'invalid-policy', message: `not a scheduler policy: ${problems.join('; ')}`, problems })
}
