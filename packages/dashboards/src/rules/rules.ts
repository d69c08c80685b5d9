import type { Objectives, RecordingRule, RuleGroup, RuleSet, RuleTest, Scope, Spoken } from '../types.ts'
import { type AlertDraft, ruleOf, type WrittenAlert } from './alert.ts'
import { availabilityAlerts } from './availability-alerts.ts'
import { burnRateAlerts, burnRateRecords } from './burn-rates.ts'
import { fleetAlerts } from './fleet-alerts.ts'
import { gatewayAlerts } from './gateway-alerts.ts'

/** The rules understand what is spoken; alerts that no dialect of it can feed are left out. */
export interface RuleOptions extends Spoken {
  readonly objectives: Objectives
}

/** Rules are evaluated this often, and a rate looks at five minutes: ten evaluations in each window. */
const INTERVAL_SECONDS = 30
const WINDOW = '5m'

/** Every alert with recording rules before those that read them, and with tests that promtool can run. */
export function rules(options: RuleOptions): RuleSet {
  const groups: RuleGroup[] = []
  const tests: RuleTest[] = []
  for (const { name, records, alerts } of draftsOf(options)) {
    const kept = alerts.filter(isWritten)
    if (records.length + kept.length === 0) continue
    groups.push({ name, intervalSeconds: INTERVAL_SECONDS, rules: [...records, ...kept.map(ruleOf)] })
    tests.push(...kept.flatMap((alert) => alert.tests))
  }
  return { groups, tests }
}

/** The alerts before they become rules, by group: what the documentation is written from. */
export function alertDrafts(options: RuleOptions): { readonly group: string; readonly alerts: readonly WrittenAlert[] }[] {
  return draftsOf(options).map(({ name, alerts }) => ({ group: name, alerts: alerts.filter(isWritten) }))
}

function scopeOf({ dialects, spellings = [] }: RuleOptions): Scope {
  return { dialects, spellings, model: '', window: WINDOW }
}

function draftsOf(
  options: RuleOptions,
): { readonly name: string; readonly records: readonly RecordingRule[]; readonly alerts: readonly AlertDraft[] }[] {
  const scope = scopeOf(options)
  return [
    { name: 'signalbox-gateway', records: [], alerts: gatewayAlerts(scope) },
    { name: 'signalbox-fleet', records: [], alerts: fleetAlerts(scope) },
    { name: 'signalbox-availability', records: [], alerts: availabilityAlerts(scope) },
    { name: 'signalbox-objectives', records: burnRateRecords(scope, options.objectives), alerts: burnRateAlerts(scope, options.objectives) },
  ]
}

function isWritten(draft: AlertDraft): draft is WrittenAlert {
  return draft.expr !== undefined
}
