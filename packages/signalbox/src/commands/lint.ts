import { writeFileSync } from 'node:fs'
import { applyFixes, type Finding, type LintFile, type LintOptions, lint, lintAgainst, lintRules, servedRule } from '@signalbox/lint'
import { HttpClient, openServedMetrics, systemClock } from '@signalbox/node'
import { Command, InvalidArgumentError, Option } from 'commander'
import { readToken } from '../roles/token.ts'
import { StartError } from '../supervisor/role-process.ts'
import { readLintFiles } from './lint-files.ts'
import { type LintReport, lintDifference, lintFailures, lintJson, lintRuleList, lintText } from './lint-report.ts'

interface LintFlags {
  readonly fix?: boolean
  readonly dryRun?: boolean
  readonly against?: string
  readonly tokenFile?: string
  readonly json?: boolean
  readonly severity: 'error' | 'warning'
  readonly ignore?: readonly string[]
  readonly scrapeInterval?: number
  readonly assume?: Readonly<Record<string, string>>
  readonly rules?: boolean
}

const UNREADABLE = 2
const TIMEOUT_MS = 10_000
/** Renames may lie one over another: a second look mends what the first left, a third finds nothing. */
const PASSES_MAX = 4

export function lintCommand(): Command {
  return new Command('lint')
    .description(
      'find what is wrong in Grafana dashboards and Prometheus rules: renamed metrics, rates of gauges, missing units, alerts that cannot fire',
    )
    .argument('[path...]', 'files, folders (every .json, .yaml and .yml below them), or - for standard input')
    .option('--fix', 'write the current names of renamed metrics into the files, where they say the same')
    .option('--dry-run', 'with --fix: print what would change, change nothing')
    .option('--against <url>', 'also ask a Prometheus, or a page of metrics, whether each series is there')
    .option('--token-file <file>', 'file holding the bearer token for --against')
    .option('--json', 'print the findings as JSON')
    .addOption(new Option('--severity <level>', 'the least severity that fails').choices(['error', 'warning']).default('warning'))
    .option('--ignore <rule...>', 'rules to leave out, by name', ruleNames)
    .option('--scrape-interval <seconds>', 'how often targets are scraped (default: 15)', seconds)
    .option('--assume <system=version...>', 'versions that run, such as vllm=0.10: names that they show are not called deprecated', assumed)
    .option('--rules', 'list the rules')
    .addHelpText('after', '\nExit codes: 0 nothing worse than an info, 1 findings, 2 a file could not be read or is no dashboard or rule file.')
    .action(run)
}

async function run(paths: readonly string[], flags: LintFlags): Promise<void> {
  if (flags.rules === true) {
    console.log(lintRuleList())
    return
  }
  if (paths.length === 0) throw new StartError('lint: name at least one file or folder, or - for standard input')
  if (flags.dryRun === true && flags.fix !== true) throw new StartError('--dry-run goes with --fix')
  if (flags.fix === true && paths.includes('-')) throw new StartError('--fix writes files: it does not go with -')
  const { files: read, failures } = readLintFiles(paths)
  const options: LintOptions = {
    ignore: flags.ignore ?? [],
    versions: flags.assume ?? {},
    ...(flags.scrapeInterval === undefined ? {} : { scrapeIntervalSeconds: flags.scrapeInterval }),
  }
  const { files, fixed, differences } =
    flags.fix === true ? mended(read, options) : { files: read, fixed: new Map<string, number>(), differences: [] }
  if (flags.dryRun !== true) for (const [index, file] of files.entries()) if (file.text !== read[index]?.text) writeFileSync(file.path, file.text)
  const result = lint(files, options)
  const absent = flags.against === undefined ? [] : await absentSeries(files, flags.against, flags.tokenFile)
  const named = new Set(read.filter((file) => file.named).map((file) => file.path))
  const report: LintReport = {
    ...result,
    findings: flags.ignore?.includes(servedRule.id) === true ? result.findings : inOrder([...result.findings, ...absent], files),
    failures: [...failures, ...result.unknown.filter((path) => named.has(path)).map((path) => `${path}: neither a dashboard nor a rule file`)],
    files: files.length,
    fixed,
  }
  if (flags.dryRun === true && flags.json !== true) for (const difference of differences) console.log(difference)
  print(report, flags.json === true)
  process.exitCode = exitCode(report, flags.severity)
}

/** The files after every fix that can be made, with how many findings that mended. */
function mended(read: readonly (LintFile & { readonly named: boolean })[], options: LintOptions) {
  const fixed = new Map<string, number>()
  let files = read
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const { findings } = lint(files, options)
    const next = files.map((file) => {
      const { text, applied } = applyFixes(file, findings)
      fixed.set(file.path, (fixed.get(file.path) ?? 0) + applied.length)
      return { ...file, text }
    })
    if (next.every((file, index) => file.text === files[index]?.text)) break
    files = next
  }
  const differences = read.flatMap((file, index) => {
    const text = files[index]?.text ?? file.text
    return text === file.text ? [] : [lintDifference(file, text)]
  })
  return { files, fixed, differences }
}

async function absentSeries(files: readonly LintFile[], url: string, tokenFile: string | undefined): Promise<readonly Finding[]> {
  const client = new HttpClient()
  const token = tokenFile === undefined ? {} : { bearerToken: readToken(tokenFile, '--token-file') }
  try {
    const opened = await openServedMetrics(url, { get: client.get, clock: systemClock, timeoutMs: TIMEOUT_MS, ...token })
    if (!opened.ok) throw new StartError(`--against ${opened.error}`)
    const served = opened.value
    return (await lintAgainst(files, { has: (name, matchers) => served.has({ name, matchers }) })).findings
  } finally {
    client.close()
  }
}

function inOrder(findings: readonly Finding[], files: readonly LintFile[]): readonly Finding[] {
  const order = new Map(files.map((file, index) => [file.path, index]))
  return [...findings].sort((a, b) => (order.get(a.path) ?? 0) - (order.get(b.path) ?? 0) || a.line - b.line || a.column - b.column)
}

function print(report: LintReport, json: boolean): void {
  if (json) {
    console.log(lintJson(report))
    return
  }
  console.log(lintText(report))
  for (const problem of lintFailures(report)) console.error(problem)
}

function exitCode(report: LintReport, least: LintFlags['severity']): number {
  if (lintFailures(report).length > 0) return UNREADABLE
  return report.findings.some(({ severity }) => severity === 'error' || (severity === 'warning' && least === 'warning')) ? 1 : 0
}

function ruleNames(text: string, before: readonly string[] = []): readonly string[] {
  if (text !== servedRule.id && !lintRules.some(({ id }) => id === text)) throw new InvalidArgumentError('`signalbox lint --rules` lists the names.')
  return [...before, text]
}

function seconds(text: string): number {
  const value = Number(text.replace(/s$/, ''))
  if (!(value > 0 && value <= 86_400)) throw new InvalidArgumentError('a number of seconds, such as 15.')
  return value
}

function assumed(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const match = /^([\w-]+)=(\d+(?:\.\d+)*)$/.exec(text)
  if (match === null) throw new InvalidArgumentError('write the system and its version, such as vllm=0.10.')
  return { ...before, [match[1] ?? '']: match[2] ?? '' }
}
