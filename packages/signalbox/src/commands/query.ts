import { parseDuration, parseTime } from '@signalbox/monitor'
import { Command } from 'commander'
import { readToken } from '../roles/token.ts'
import { StartError } from '../supervisor/role-process.ts'
import { type ResultData, resultText } from './query-result.ts'

interface QueryFlags {
  readonly url: string
  readonly time?: string
  readonly range?: string
  readonly step?: string
  readonly json?: boolean
  readonly tokenFile?: string
}

/** Prometheus's envelope. */
interface ApiAnswer {
  readonly status: 'success' | 'error'
  readonly data?: ResultData
  readonly error?: string
  readonly errorType?: string
  readonly warnings?: readonly string[]
  readonly infos?: readonly string[]
}

/** A little over the longest time that the monitor gives a query. */
const TIMEOUT_MS = 40_000

/** Points of a range whose step is not said: as many as its sparkline has columns. */
const POINTS = 60

const EXIT = { refused: 1, unreachable: 2 } as const

export function queryCommand(): Command {
  return new Command('query')
    .description('ask PromQL of a running monitor, or of any Prometheus; exits with 1 when the query is refused, 2 when nobody answers')
    .argument('<expression>', "such as 'rate(signalbox_requests_total[5m])'")
    .option('--url <address>', "the monitor's address", 'http://127.0.0.1:7070')
    .option('--time <time>', 'when: RFC 3339 or Unix seconds (default: now)')
    .option('--range <duration>', 'over so long before that time, such as 1h')
    .option('--step <duration>', 'between the points of a range (default: a sixtieth of it)')
    .option('--token-file <file>', 'file holding a bearer token, where the server asks for one')
    .option('--json', "the answer's data as JSON")
    .action(query)
}

async function query(expression: string, flags: QueryFlags): Promise<void> {
  const { path, form } = questionOf(expression, flags, Date.now())
  const answer = await ask(`${flags.url.replace(/\/$/, '')}/api/v1/${path}`, form, flags)
  if (typeof answer === 'string') {
    console.error(answer)
    process.exitCode = EXIT.unreachable
    return
  }
  for (const warning of answer.warnings ?? []) console.error(`warning: ${warning}`)
  for (const info of answer.infos ?? []) console.error(`info: ${info}`)
  if (answer.data === undefined) {
    console.error(refusalText(expression, answer.error ?? 'the query failed'))
    process.exitCode = EXIT.refused
  } else console.log(flags.json === true ? JSON.stringify(answer.data) : resultText(answer.data))
}

/** What is asked: `query` at a time, or `query_range` over one. Throws a StartError that names the flag. */
export function questionOf(
  expression: string,
  flags: Omit<QueryFlags, 'url'>,
  nowMs: number,
): { readonly path: string; readonly form: URLSearchParams } {
  const time = flags.time === undefined ? { ok: true as const, value: nowMs } : parseTime(flags.time)
  if (!time.ok) throw new StartError(`--time: ${time.error}; give Unix seconds or a time such as 2026-01-31T12:00:00Z`)
  const endSeconds = time.value / 1000
  if (flags.range === undefined) {
    if (flags.step !== undefined) throw new StartError('--step: only a range has steps; add --range, such as --range 1h')
    return { path: 'query', form: new URLSearchParams({ query: expression, time: String(endSeconds) }) }
  }
  const rangeSeconds = secondsOf('--range', flags.range)
  const stepSeconds = flags.step === undefined ? Math.max(1, Math.round(rangeSeconds / POINTS)) : secondsOf('--step', flags.step)
  const form = new URLSearchParams({
    query: expression,
    start: String((time.value - rangeSeconds * 1000) / 1000),
    end: String(endSeconds),
    step: String(stepSeconds),
  })
  return { path: 'query_range', form }
}

/** The server's words, and where they name a place in the expression, that line with a caret under it. */
export function refusalText(expression: string, error: string): string {
  const place = /(\d+):(\d+): parse error/.exec(error)
  const line = place === null ? undefined : expression.split('\n')[Number(place[1]) - 1]
  return line === undefined ? error : `${error}\n\n  ${line}\n  ${' '.repeat(Math.max(0, Number(place?.[2]) - 1))}^`
}

function secondsOf(flag: string, text: string): number {
  const duration = parseDuration(text)
  if (!duration.ok || !(duration.value > 0)) throw new StartError(`${flag} ${text}: expected a positive duration such as 15s, 5m or 1h`)
  return duration.value / 1000
}

/** The answer, or why there is none, in words. */
async function ask(url: string, form: URLSearchParams, flags: QueryFlags): Promise<ApiAnswer | string> {
  const headers: Record<string, string> = {}
  if (flags.tokenFile !== undefined) headers['authorization'] = `Bearer ${readToken(flags.tokenFile, '--token-file')}`
  let status: number
  let body: string
  try {
    const response = await fetch(url, { method: 'POST', body: form, headers, signal: AbortSignal.timeout(TIMEOUT_MS) })
    status = response.status
    body = await response.text()
  } catch (error) {
    const cause = (error as { cause?: { code?: string; message?: string } }).cause
    return `${flags.url}: no answer (${cause?.code ?? cause?.message ?? String(error)}); is the monitor running, and is this its address (--url)?`
  }
  return answerIn(body) ?? `${url}: HTTP ${status}, and not what a Prometheus answers; is this its address (--url)?`
}

function answerIn(body: string): ApiAnswer | undefined {
  try {
    const answer = JSON.parse(body) as ApiAnswer | null
    return answer?.status === 'success' || answer?.status === 'error' ? answer : undefined
  } catch {
    // No JSON: a page of something else.
    return undefined
  }
}
