import { LineIndex } from './document/mapped-text.ts'
import type { LintDocument, Query } from './document/model.ts'
import { type FileReading, readFile } from './document/read-document.ts'
import { bare, callsIn, selectorsIn } from './expression/walk.ts'
import { lintRules } from './registry.ts'
import type { Found, LintRule, Surroundings } from './rule.ts'
import type { Finding, Findings, LintFile, LintOptions, Unreadable } from './types.ts'
import { nameOf } from './vocabulary.ts'

const SCRAPE_INTERVAL_SECONDS = 15

/** A file with what was read in it. */
export interface ReadFile extends FileReading {
  readonly file: LintFile
  readonly lines: LineIndex
}

/**
 * Everything that the rules find in the files. They are looked at together: what a recording rule of one makes is known in all.
 * A file of neither kind is listed as unknown; one that cannot be parsed as unreadable, beside what else it holds.
 */
export function lint(files: readonly LintFile[], options: LintOptions = {}): Findings {
  const readings = readAll(files)
  const rules = lintRules.filter(({ id }) => options.ignore?.includes(id) !== true)
  const surroundings = surroundingsOf(readings, options)
  return summary(readings, (reading) => reading.documents.flatMap((document) => inspect(document, rules, surroundings, reading)))
}

export function readAll(files: readonly LintFile[]): readonly ReadFile[] {
  return files.map((file) => ({ file, lines: new LineIndex(file.text), ...readFile(file) }))
}

/** Findings in order, with the counts of what was read. */
export function summary(readings: readonly ReadFile[], inspectFile: (reading: ReadFile) => readonly Finding[]): Findings {
  return {
    findings: readings.flatMap((reading) =>
      [...inspectFile(reading)].sort((a, b) => a.line - b.line || a.column - b.column || a.code.localeCompare(b.code)),
    ),
    unreadable: readings.flatMap(({ file, lines, problems }): Unreadable[] =>
      problems.map(({ offset, message }) => ({ path: file.path, ...lines.of(offset), message })),
    ),
    unknown: readings.filter(({ documents, problems }) => documents.length === 0 && problems.length === 0).map(({ file }) => file.path),
    documents: readings.reduce((sum, { documents }) => sum + documents.length, 0),
    queries: readings.reduce((sum, { documents }) => sum + documents.flatMap(queriesOf).length, 0),
  }
}

/** Every query of a document. */
export function queriesOf(document: LintDocument): readonly Query[] {
  return querySets(document).flat()
}

/** The queries of a document, those of a panel together. */
function querySets(document: LintDocument): readonly (readonly Query[])[] {
  if (document.kind === 'rules') return document.groups.flatMap(({ rules }) => rules.map(({ query }) => [query]))
  return [...document.queries.map((query) => [query]), ...document.panels.map(({ queries }) => queries)]
}

export function recordedNames(readings: readonly ReadFile[]): ReadonlySet<string> {
  const rules = readings.flatMap(({ documents }) =>
    documents.flatMap((document) => (document.kind === 'rules' ? document.groups.flatMap((group) => group.rules) : [])),
  )
  return new Set(rules.filter(({ kind }) => kind === 'recording').map(({ name }) => name))
}

function surroundingsOf(readings: readonly ReadFile[], options: LintOptions): Surroundings {
  const alerts = readings.flatMap(({ documents }) => documents.flatMap((document) => (document.kind === 'rules' ? queriesOf(document) : [])))
  const watched = alerts
    .flatMap(({ parsed }) => (parsed?.ok === true ? callsIn(parsed.value, 'absent', 'absent_over_time') : []))
    .flatMap(({ expr }) => expr.args.flatMap((argument) => selectorsIn(bare(argument)).map(({ expr: selector }) => nameOf(selector))))
  return {
    scrapeIntervalSeconds: options.scrapeIntervalSeconds ?? SCRAPE_INTERVAL_SECONDS,
    versions: options.versions ?? {},
    recorded: recordedNames(readings),
    watched: new Set(watched),
  }
}

function inspect(document: LintDocument, rules: readonly LintRule[], surroundings: Surroundings, reading: ReadFile): readonly Finding[] {
  return rules.flatMap((rule) => foundBy(rule, document, surroundings).map((found) => toFinding(rule, found, reading)))
}

function foundBy(rule: LintRule, document: LintDocument, surroundings: Surroundings): readonly Found[] {
  const found: Found[] = []
  for (const queries of querySets(document)) {
    const siblings = queries.flatMap((query) => (query.parsed?.ok === true ? [{ ...query, expr: query.parsed.value }] : []))
    for (const query of siblings) found.push(...(rule.query?.(query, surroundings, siblings) ?? []))
    for (const query of queries) if (query.parsed?.ok === false) found.push(...(rule.brokenQuery?.(query) ?? []))
  }
  if (document.kind === 'dashboard') {
    found.push(...(rule.board?.(document, surroundings) ?? []))
    for (const panel of document.panels) found.push(...(rule.panel?.(panel, surroundings) ?? []))
    return found
  }
  found.push(...(rule.ruleFile?.(document) ?? []))
  for (const { rules } of document.groups) {
    for (const one of rules) {
      const { parsed } = one.query
      if (parsed?.ok === true) found.push(...(rule.rule?.({ ...one, expr: parsed.value }, surroundings) ?? []))
    }
  }
  return found
}

export function toFinding(rule: Pick<LintRule, 'id' | 'code' | 'severity' | 'fix'>, found: Found, { file, lines }: ReadFile): Finding {
  return {
    path: file.path,
    ...lines.of(found.offset),
    severity: found.severity ?? rule.severity,
    id: rule.id,
    code: rule.code,
    where: found.where,
    message: found.message,
    evidence: found.evidence,
    fix: found.fix ?? rule.fix,
    edits: found.edits ?? [],
  }
}
