import { type Finding, type LintFile, lintRules, servedRule, type Unreadable } from '@signalbox/lint'
import { table } from './table.ts'

const SCHEMA_VERSION = 1

/** What a run amounts to, for people and for programs. */
export interface LintReport {
  readonly findings: readonly Finding[]
  readonly unreadable: readonly Unreadable[]
  /** Paths that could not be opened, and named files of neither kind. */
  readonly failures: readonly string[]
  readonly files: number
  readonly documents: number
  readonly queries: number
  /** Findings that `--fix` mended, by file. */
  readonly fixed: ReadonlyMap<string, number>
}

/** Findings by file: the place, the part that shows it, the fix; then the counts. */
export function lintText(report: LintReport): string {
  const lines: string[] = []
  for (const path of new Set(report.findings.map((one) => one.path))) {
    const findings = report.findings.filter((one) => one.path === path)
    for (const { line, column, severity, id, code, where, message, evidence, fix, edits } of findings) {
      lines.push(`${path}:${line}:${column}  ${severity}  ${code} ${id}  ${where}: ${message}`)
      if (evidence !== '') lines.push(`    ${shortened(evidence)}`)
      lines.push(`    fix: ${fix}${edits.length > 0 ? ' (--fix does it)' : ''}`)
    }
    lines.push('')
  }
  for (const [path, count] of report.fixed) if (count > 0) lines.push(`${path}: ${count} ${count === 1 ? 'name' : 'names'} replaced`)
  const count = (severity: Finding['severity']): number => report.findings.filter((one) => one.severity === severity).length
  const numbers = [plural(count('error'), 'error'), plural(count('warning'), 'warning'), plural(count('info'), 'info')].join(', ')
  lines.push(`${numbers} in ${plural(report.documents, 'document')}, ${plural(report.queries, 'query', 'queries')}, ${plural(report.files, 'file')}`)
  return lines.join('\n')
}

/** Problems with the files themselves, one a line. */
export function lintFailures({ unreadable, failures }: LintReport): readonly string[] {
  return [...failures, ...unreadable.map(({ path, line, column, message }) => `${path}:${line}:${column}: ${message}`)]
}

export function lintJson(report: LintReport): string {
  const { findings, unreadable, failures, files, documents, queries, fixed } = report
  return JSON.stringify(
    {
      schema_version: SCHEMA_VERSION,
      files,
      documents,
      queries,
      findings: findings.map(({ edits, ...finding }) => ({ ...finding, fixable: edits.length > 0 })),
      unreadable,
      failures,
      fixed: Object.fromEntries(fixed),
    },
    null,
    2,
  )
}

/** The rules with what they test and why. */
export function lintRuleList(): string {
  const rows = [...lintRules, servedRule].map(({ code, id, severity, tests, why }) => [code, id, severity, `${tests}. ${why}`])
  return table(['', 'rule', 'severity', 'what and why'], rows)
}

/** Each line that a fix changes, before and after. */
export function lintDifference(before: LintFile, after: string): string {
  const [old, next] = [before.text.split('\n'), after.split('\n')]
  // Fixes replace words within lines: there are as many lines as before.
  const lines = old.flatMap((line, index) =>
    line === next[index] ? [] : [`${before.path}:${index + 1}`, `- ${line.trim()}`, `+ ${(next[index] ?? '').trim()}`],
  )
  return lines.join('\n')
}

const EVIDENCE_MAX = 160

function shortened(text: string): string {
  return text.length <= EVIDENCE_MAX ? text : `${text.slice(0, EVIDENCE_MAX - 1)}…`
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
