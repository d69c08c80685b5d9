import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Outcome, runScript } from '../../packages/promql/src/promqltest/run.ts'
import { parseSkips, type Skip } from './skips.ts'

const USAGE = 'npm run conformance -- promql [--json] FILE|FOLDER...'

interface FileReport {
  readonly file: string
  readonly passed: number
  readonly total: number
  readonly skipped: readonly { readonly line: number; readonly reason: string }[]
  readonly failures: readonly Outcome[]
}

/** The `.test` files that a path names: itself, or those directly in the folder. */
function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .filter((name) => name.endsWith('.test'))
    .sort()
    .map((name) => join(path, name))
}

function runFile(path: string, skips: readonly Skip[]): FileReport {
  const file = basename(path)
  const reasons = new Map(skips.filter((skip) => skip.file === file).map(({ line, reason }) => [line, reason]))
  const outcomes = runScript(readFileSync(path, 'utf8'))
  const failed = outcomes.filter(({ problem }) => problem !== undefined)
  return {
    file,
    passed: outcomes.length - failed.length,
    total: outcomes.length,
    skipped: failed.flatMap(({ line }) => (reasons.has(line) ? [{ line, reason: reasons.get(line) ?? '' }] : [])),
    failures: failed.filter(({ line }) => !reasons.has(line)),
  }
}

function print(reports: readonly FileReport[]): void {
  for (const { file, passed, total, skipped, failures } of reports) {
    const skips = skipped.length === 0 ? '' : `, ${skipped.length} skipped`
    process.stdout.write(`${file}: ${passed}/${total}${skips}\n`)
    for (const { line, reason } of skipped) process.stdout.write(`  ${file}:${line}: skipped: ${reason}\n`)
    for (const { line, expr, problem } of failures) process.stdout.write(`  ${file}:${line}: ${expr}\n    ${problem}\n`)
  }
  const sum = (count: (report: FileReport) => number): number => reports.reduce((total, report) => total + count(report), 0)
  process.stdout.write(`all: ${sum((report) => report.passed)}/${sum((report) => report.total)}\n`)
}

/** Runs promqltest files; answers the exit status: 1 when a case failed that no skip explains, 2 for a wrong call. */
export function main(args: readonly string[]): number {
  const json = args.includes('--json')
  const paths = args.filter((arg) => arg !== '--json')
  const missing = paths.find((path) => !path.startsWith('--') && !existsSync(path))
  if (paths.length === 0 || missing !== undefined || paths.some((path) => path.startsWith('--'))) {
    process.stderr.write(missing === undefined ? `usage: ${USAGE}\n` : `${missing}: there is no such file or folder\n`)
    return 2
  }
  const skips = parseSkips(readFileSync(new URL('skips.json', import.meta.url), 'utf8'))
  const reports = paths.flatMap((path) => filesOf(resolve(path))).map((path) => runFile(path, skips))
  if (json) process.stdout.write(`${JSON.stringify({ files: reports }, null, 2)}\n`)
  else print(reports)
  return reports.some(({ failures }) => failures.length > 0) ? 1 : 0
}

process.exitCode = main(process.argv.slice(2))
