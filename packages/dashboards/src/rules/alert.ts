import type { AlertRule, RuleTest } from '../types.ts'

/** What docs/alerts.md says of an alert beyond its rule. */
interface AlertText {
  /** What it means that it fires, in one or two sentences. */
  readonly meaning: string
  /** Likely causes, the likeliest first. */
  readonly causes: readonly string[]
  /** What to look at first. */
  readonly look: string
  /** What to do about it. */
  readonly action: string
}

/** An alert with everything that is known of it; `expr` is undefined where the scope's dialects have nothing to watch. */
export interface AlertDraft extends AlertText {
  readonly alert: string
  readonly expr: string | undefined
  readonly forSeconds: number
  readonly severity: AlertRule['severity']
  readonly labels?: Readonly<Record<string, string>>
  readonly summary: string
  readonly tests: readonly RuleTest[]
}

/** An alert that watches something. */
export type WrittenAlert = AlertDraft & { readonly expr: string }

/** The rule, whose description is the meaning, where to look and what to do. */
export function ruleOf({ alert, expr, forSeconds, severity, labels = {}, summary, meaning, look, action }: WrittenAlert): AlertRule {
  return { kind: 'alert', alert, expr, forSeconds, severity, labels, summary, description: `${meaning} ${look} ${action}`, runbook: alert }
}
