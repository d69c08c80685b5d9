import { assert } from '@signalbox/base'
import type { LintRule } from './rule.ts'
import { alertRules } from './rules/alerts.ts'
import { boardRules } from './rules/boards.ts'
import { counterRules } from './rules/counters.ts'
import { labelRules } from './rules/labels.ts'
import { matchingRules } from './rules/matching.ts'
import { nameRules } from './rules/names.ts'
import { panelRules } from './rules/panels.ts'
import { quantileRules } from './rules/quantiles.ts'
import { thresholdRules } from './rules/thresholds.ts'
import { windowRules } from './rules/windows.ts'

/** Every rule, by number. Ids are unique. */
export const lintRules: readonly LintRule[] = [
  ...nameRules,
  ...counterRules,
  ...quantileRules,
  ...matchingRules,
  ...windowRules,
  ...thresholdRules,
  ...labelRules,
  ...panelRules,
  ...boardRules,
  ...alertRules,
].sort((a, b) => a.code.localeCompare(b.code))

assert(new Set(lintRules.map(({ id }) => id)).size === lintRules.length, 'two lint rules of one id')
