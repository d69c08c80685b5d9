import { failure, ok, type Result } from '@signalbox/base'
import type { DecisionFilter, DecisionStatus } from '@signalbox/scheduler'

const decisionLimitDefault = 100
const decisionLimitMax = 1000

const PARAMETERS = ['model', 'endpoint', 'status', 'min_ttft_ms', 'limit']
const STATUSES: readonly DecisionStatus[] = ['running', 'ok', 'error', 'rejected', 'cancelled']

/** Reads the query of `/debug/decisions`. The error names the parameter and what it may be. */
export function parseDecisionQuery(parameters: URLSearchParams): Result<DecisionFilter, string> {
  const given = new Map<string, string>()
  for (const [name, value] of parameters) {
    if (!PARAMETERS.includes(name)) return failure(`unknown parameter ${JSON.stringify(name)}; there are ${PARAMETERS.join(', ')}`)
    if (given.has(name)) return failure(`${name} is given twice`)
    given.set(name, value)
  }
  const status = given.get('status')
  if (status !== undefined && !isStatus(status)) return failure(`status is one of ${STATUSES.join(', ')}, not ${JSON.stringify(status)}`)
  const minTtftMs = decimal(given.get('min_ttft_ms'))
  if (Number.isNaN(minTtftMs)) return failure('min_ttft_ms is a number of milliseconds, 0 or more')
  const limit = decimal(given.get('limit')) ?? decisionLimitDefault
  if (!Number.isInteger(limit) || limit < 1 || limit > decisionLimitMax) return failure(`limit is a whole number from 1 to ${decisionLimitMax}`)
  return ok({ model: given.get('model'), endpoint: given.get('endpoint'), status, minTtftMs, limit })
}

function isStatus(text: string): text is DecisionStatus {
  return (STATUSES as readonly string[]).includes(text)
}

/** A plain decimal number, NaN for anything else. */
function decimal(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
}
