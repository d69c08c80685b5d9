import type { DecisionSummary, DecisionView } from '@signalbox/scheduler'
import { Command } from 'commander'
import { readToken } from '../roles/token.ts'
import { StartError } from '../supervisor/role-process.ts'
import { table } from './table.ts'

interface DecisionsFlags {
  readonly url: string
  readonly tokenFile?: string
  readonly json?: boolean
  readonly model?: string
  readonly endpoint?: string
  readonly status?: string
  readonly minTtft?: string
  readonly limit: string
}

export function decisionsCommand(): Command {
  return new Command('decisions')
    .description('recent scheduling decisions of a running gateway, newest first; with an id, one decision whole')
    .argument('[id]', 'a request id, as in the x-request-id header of the answer')
    .option('--url <address>', "the gateway's metrics address", 'http://127.0.0.1:9090')
    .option('--token-file <file>', 'file holding the bearer token, where the gateway asks for one')
    .option('--json', 'whole records, one JSON object a line')
    .option('--model <name>', 'only this model')
    .option('--endpoint <id>', 'only this endpoint')
    .option('--status <status>', 'only this status: running, ok, error, rejected, cancelled')
    .option('--min-ttft <ms>', 'only requests whose first token took at least this long')
    .option('--limit <number>', 'at most so many (1 to 1000)', '100')
    .action(decisions)
}

async function decisions(id: string | undefined, flags: DecisionsFlags): Promise<void> {
  if (id !== undefined) {
    const view = (await get(flags, `/debug/decisions/${encodeURIComponent(id)}`)) as DecisionView
    console.log(flags.json === true ? JSON.stringify(view) : explanation(view))
    return
  }
  const query = new URLSearchParams({ limit: flags.limit })
  for (const [name, value] of Object.entries({ model: flags.model, endpoint: flags.endpoint, status: flags.status, min_ttft_ms: flags.minTtft })) {
    if (value !== undefined) query.set(name, value)
  }
  const { decisions } = (await get(flags, `/debug/decisions?${query.toString()}`)) as { decisions: readonly DecisionSummary[] }
  if (flags.json === true) {
    for (const summary of decisions) {
      // A record may have left the ring between the list and this look at it.
      const view = await get(flags, `/debug/decisions/${encodeURIComponent(summary.id)}`, true)
      if (view !== undefined) console.log(JSON.stringify(view))
    }
  } else if (decisions.length === 0) console.log('No decision matches.')
  else console.log(summaryTable(decisions))
}

function summaryTable(decisions: readonly DecisionSummary[]): string {
  return table(
    ['time', 'status', 'model', 'endpoint', 'TTFT', 'predicted', 'cached', 'predicted', 'tokens', 'id'],
    decisions.map((one) => [
      new Date(one.receivedMs).toISOString().slice(11, 23),
      one.status + (one.retries > 0 ? ` (${one.retries + 1} attempts)` : ''),
      one.model,
      one.endpoint ?? '-',
      ms(one.actualTtftMs),
      ms(one.predictedTtftMs),
      one.actualCachedTokens === null ? (one.status === 'ok' ? 'unknown' : '-') : String(one.actualCachedTokens),
      count(one.predictedCachedTokens),
      one.promptTokens === null ? '-' : `${one.promptTokens} + ${one.completionTokens ?? 0}`,
      one.id,
    ]),
  )
}

function explanation(view: DecisionView): string {
  const lines = [
    `${view.id}  ${view.status}  ${view.model}  ${view.path}  policy ${view.policy}`,
    `TTFT ${ms(view.actualTtftMs)} (predicted ${ms(view.predictedTtftMs)}), cached ${view.actualCachedTokens ?? 'unknown'} of ${view.promptTokens ?? '?'} prompt tokens (predicted ${count(view.predictedCachedTokens)})`,
  ]
  for (const [index, attempt] of view.attempts.entries()) {
    const margin = attempt.margin === null ? '' : `, ${attempt.runnerUp} next by ${attempt.margin.toFixed(4)}`
    lines.push('', `Attempt ${index + 1}: ${attempt.chosen}${margin}${attempt.failure === null ? '' : `; failed: ${attempt.failure}`}`)
    lines.push(
      table(
        ['endpoint', ...view.termInfo.map((term) => term.label), 'cost'],
        attempt.candidates.map((candidate) => [
          `${candidate.endpoint}${candidate.endpoint === attempt.chosen ? ' *' : ''}`,
          ...view.termInfo.map((term) => candidate.terms[term.id]?.toFixed(4) ?? '-'),
          candidate.cost === null ? `filtered: ${candidate.filterDetail ?? candidate.filteredBy ?? ''}` : candidate.cost.toFixed(4),
        ]),
      ),
    )
  }
  return lines.join('\n')
}

function ms(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(0)} ms`
}

function count(value: number | null): string {
  return value === null ? '-' : String(Math.round(value))
}

async function get(flags: DecisionsFlags, path: string, mayBeGone = false): Promise<unknown> {
  const headers: Record<string, string> = {}
  if (flags.tokenFile !== undefined) headers['authorization'] = `Bearer ${readToken(flags.tokenFile, '--token-file')}`
  const url = `${flags.url.replace(/\/$/, '')}${path}`
  let answer: Response
  try {
    answer = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) })
  } catch (error) {
    throw new StartError(`${flags.url}: no answer (${reasonOf(error)}); is the gateway running, and is this its metrics address (--url)?`)
  }
  if (answer.ok) return answer.json()
  if (mayBeGone && answer.status === 404) return undefined
  const body = await answer.text()
  if (answer.status === 401) throw new StartError(`${url}: the gateway asks for its token (--token-file)`)
  throw new StartError(`${url}: HTTP ${answer.status}: ${messageIn(body)}`)
}

function reasonOf(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause
  return cause?.code ?? cause?.message ?? String(error)
}

function messageIn(body: string): string {
  try {
    return (JSON.parse(body) as { error?: { message?: string } }).error?.message ?? body
  } catch {
    return body.slice(0, 300)
  }
}
