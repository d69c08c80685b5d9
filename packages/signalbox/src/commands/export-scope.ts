import { type Objectives, presentDialects } from '@signalbox/dashboards'
import { HttpClient, openServedMetrics, systemClock } from '@signalbox/node'
import type { DialectId } from '@signalbox/signals'
import type { Config } from '../config/schema.ts'
import { readToken } from '../roles/token.ts'
import { StartError } from '../supervisor/role-process.ts'

/** Whose metrics an export is for. */
export interface DialectFlags {
  readonly dialects?: readonly DialectId[]
  readonly against?: string
  readonly tokenFile?: string
}

/** What a fleet of current engines behind this gateway speaks. */
const DEFAULT_DIALECTS: readonly DialectId[] = ['vllm', 'llm-d-epp', 'signalbox', 'process']

/** A Prometheus with many series takes its time. */
const TIMEOUT_MS = 20_000

/** The dialects that are named, or those that an address serves. Throws a StartError that names the flag. */
export async function dialectsOf(flags: DialectFlags): Promise<readonly DialectId[]> {
  const { against, dialects, tokenFile } = flags
  if (against === undefined) {
    if (tokenFile !== undefined) throw new StartError('--token-file: it is for the address of --against; give that too')
    return dialects ?? DEFAULT_DIALECTS
  }
  if (dialects !== undefined) throw new StartError('--dialects and --against: give one of them, either says whose metrics to export for')
  const client = new HttpClient()
  try {
    const token = tokenFile === undefined ? {} : { bearerToken: readToken(tokenFile, '--token-file') }
    const served = await openServedMetrics(against, { get: client.get, clock: systemClock, timeoutMs: TIMEOUT_MS, ...token })
    if (!served.ok) throw new StartError(`--against: ${served.error}${served.error.includes('HTTP 401') ? ' (--token-file)' : ''}`)
    const present = presentDialects(served.value.names())
    if (present.length === 0)
      throw new StartError(`--against: ${against} serves no metric of a known system; name what will be there with --dialects`)
    return present
  } finally {
    client.close()
  }
}

/** What the configuration promises. */
export function objectivesOf({ objectives }: Config): Objectives {
  const { ttftMs, tpotMs, ttftRatio, tpotRatio, successRatio } = objectives
  return { ttftSeconds: ttftMs / 1000, tpotSeconds: tpotMs / 1000, ttftRatio, tpotRatio, successRatio }
}
