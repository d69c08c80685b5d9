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

/** A file of tests, and its name beside the rule file. */
export interface RuleTestFile {
  readonly name: string
  readonly text: string
}

/** Tests of this step or a finer one are evaluated as often as the rules are. */
const FINE_STEP_SECONDS = 60

/**
 * The tests as files for `promtool test rules`, one for each step of their input: `x.rules.1m.test.yml` beside `x.rules.yml`.
 * A file has one interval of evaluation, and days of input (for burn rates) evaluated twice a minute take promtool minutes.
 *
 * Verdicts are asked of the `ALERTS` series and not by `alert_rule_test`: that one compares annotations too, and those hold the
 * value of the expression as a template prints it, so that a better sentence would break a test of a threshold.
 */
export function ruleTestFiles(tests: readonly RuleTest[], groups: readonly RuleGroup[], ruleFileName: string): readonly RuleTestFile[] {
  const named = groups.filter(({ rules }) => rules.length > 0)
  const finestSeconds = Math.min(FINE_STEP_SECONDS, ...named.map(({ intervalSeconds }) => intervalSeconds))
  const steps = [...new Set(tests.map(({ intervalSeconds }) => intervalSeconds))].sort((a, b) => a - b)
  return steps.map((step) => ({
    name: ruleFileName.replace(/(\.ya?ml)?$/, `.${durationText(step)}.test.yml`),
    text: yamlFile([
      {
        rule_files: [ruleFileName],
        evaluation_interval: durationText(step <= FINE_STEP_SECONDS ? finestSeconds : step),
        group_eval_order: named.map(({ name }) => name),
        tests: tests.filter(({ intervalSeconds }) => intervalSeconds === step).map(promtoolTest),
      },
    ]),
  }))
}

function promtoolTest({ name, intervalSeconds, input, expectations }: RuleTest): object {
  return {
    name,
    interval: durationText(intervalSeconds),
    input_series: input.map(({ series, values }) => ({ series, values })),
    promql_expr_test: expectations.map(({ alert, atSeconds, firing }) => ({
      expr: `ALERTS{alertname="${alert}", alertstate="firing"}`,
      eval_time: durationText(atSeconds),
      exp_samples: firing.map((labels) => ({ labels: alertSeries(alert, labels), value: 1 })),
    })),
  }
}

function alertSeries(alert: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries({ alertname: alert, alertstate: 'firing', ...labels })
  return `ALERTS{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`
}
