import type { AlertRule, RecordingRule, RuleGroup, RuleTest } from '@signalbox/dashboards'
import { durationText } from './duration-text.ts'
import { yamlFile } from './yaml-text.ts'

export interface RuleFileOptions {
  /** Address of the page that explains the alerts: with it each alert has a `runbook_url`. */
  readonly runbooks?: string
}

/** Where alerts are explained, from the root of the repository. */
const RUNBOOKS = 'docs/alerts.md'

/** The groups as a rule file of Prometheus. Groups without rules are left out. */
export function ruleFile(groups: readonly RuleGroup[], options: RuleFileOptions = {}): string {
  return yamlFile([{ groups: prometheusGroups(groups, options) }])
}

/** The groups as Prometheus and its operator (`spec.groups` of a PrometheusRule) read them. */
export function prometheusGroups(groups: readonly RuleGroup[], options: RuleFileOptions): unknown[] {
  return groups
    .filter(({ rules }) => rules.length > 0)
    .map(({ name, intervalSeconds, rules }) => ({
      name,
      interval: durationText(intervalSeconds),
      rules: rules.map((rule) => (rule.kind === 'recording' ? recordingRule(rule) : alertRule(rule, options))),
    }))
}

function recordingRule({ record, expr, labels }: RecordingRule): object {
  return { record, expr, ...(Object.keys(labels).length === 0 ? {} : { labels }) }
}

function alertRule({ alert, expr, forSeconds, severity, labels, summary, description, runbook }: AlertRule, { runbooks }: RuleFileOptions): object {
  const heading = anchorOf(runbook)
  return {
    alert,
    expr,
    ...(forSeconds === 0 ? {} : { for: durationText(forSeconds) }),
    labels: { severity, ...labels },
    annotations: {
      summary,
      description,
      ...(runbooks === undefined ? { runbook: `${RUNBOOKS}#${heading}` } : { runbook_url: `${runbooks}#${heading}` }),
    },
  }
}

/** The heading's fragment, as code forges make it: lower case, blanks as dashes, nothing but letters, digits and dashes. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

/**
 * The tests as a file for `promtool test rules`; `ruleFileName` is where the rules stand, seen from it.
 *
 * Verdicts are asked of the `ALERTS` series and not by `alert_rule_test`: that one compares annotations too, and those hold the
 * value of the expression as a template prints it, so that a better sentence would break a test of a threshold.
 */
export function ruleTestFile(tests: readonly RuleTest[], groups: readonly RuleGroup[], ruleFileName: string): string {
  const named = groups.filter(({ rules }) => rules.length > 0)
  return yamlFile([
    {
      rule_files: [ruleFileName],
      evaluation_interval: durationText(Math.min(60, ...named.map(({ intervalSeconds }) => intervalSeconds))),
      group_eval_order: named.map(({ name }) => name),
      tests: tests.map(({ name, intervalSeconds, input, expectations }) => ({
        name,
        interval: durationText(intervalSeconds),
        input_series: input.map(({ series, values }) => ({ series, values })),
        promql_expr_test: expectations.map(({ alert, atSeconds, firing }) => ({
          expr: `ALERTS{alertname="${alert}", alertstate="firing"}`,
          eval_time: durationText(atSeconds),
          exp_samples: firing.map((labels) => ({ labels: alertSeries(alert, labels), value: 1 })),
        })),
      })),
    },
  ])
}

function alertSeries(alert: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries({ alertname: alert, alertstate: 'firing', ...labels })
  return `ALERTS{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`
}
