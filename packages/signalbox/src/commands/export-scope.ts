import { type Objectives, presentDialects, presentSpellings, type Spoken } from '@signalbox/dashboards'
import { HttpClient, openServedMetrics, systemClock } from '@signalbox/node'
import { type DialectId, dialectEntries, inSpelling, type PrefixRule } from '@signalbox/signals'
import type { Config } from '../config/schema.ts'
import { readToken } from '../roles/token.ts'
import { StartError } from '../supervisor/role-process.ts'

/** Whose metrics an export is for. */
export interface DialectFlags {
  readonly dialects?: readonly DialectId[]
  readonly spellings?: readonly PrefixRule[]
  readonly against?: string
  readonly tokenFile?: string
}

/** What a fleet of current engines behind this gateway speaks. */
const DEFAULT_DIALECTS: readonly DialectId[] = ['vllm', 'llm-d-epp', 'signalbox', 'process']

/** A Prometheus with many series takes its time. */
const TIMEOUT_MS = 20_000

/** The dialects and spellings that are named, or those that an address serves. Throws a StartError that names the flag. */
export async function spokenOf(flags: DialectFlags): Promise<Spoken> {
  const { against, dialects, spellings, tokenFile } = flags
  if (against === undefined) {
    if (tokenFile !== undefined) throw new StartError('--token-file: it is for the address of --against; give that too')
    return named(dialects ?? DEFAULT_DIALECTS, spellings ?? [])
  }
  if (dialects !== undefined) throw new StartError('--dialects and --against: give one of them, either says whose metrics to export for')
  if (spellings !== undefined) throw new StartError('--spellings and --against: leave --spellings out, the address tells how its names are spelled')
  const client = new HttpClient()
  try {
    const token = tokenFile === undefined ? {} : { bearerToken: readToken(tokenFile, '--token-file') }
    const served = await openServedMetrics(against, { get: client.get, clock: systemClock, timeoutMs: TIMEOUT_MS, ...token })
    if (!served.ok) throw new StartError(`--against: ${served.error}${served.error.includes('HTTP 401') ? ' (--token-file)' : ''}`)
    const names = [...served.value.names()]
    const present = presentDialects(names)
    if (present.length === 0)
      throw new StartError(`--against: ${against} serves no metric of a known system; name what will be there with --dialects`)
    return { dialects: present, spellings: presentSpellings(names) }
  } finally {
    client.close()
  }
}

/** Throws for a spelling of names that none of the dialects has. */
function named(dialects: readonly DialectId[], spellings: readonly PrefixRule[]): Spoken {
  const names = dialectEntries.filter(({ dialect }) => dialects.includes(dialect)).map(({ name }) => name)
  for (const rule of spellings) {
    if (names.some((name) => inSpelling(name, rule) !== undefined)) continue
    throw new StartError(
      `--spellings: ${rule.prefix} is another spelling of ${rule.replaces}, and no such name is in ${dialects.join(', ')}; see --dialects`,
    )
  }
  return { dialects, spellings }
}

/** What the configuration promises. */
export function objectivesOf({ objectives }: Config): Objectives {
  const { ttftMs, tpotMs, ttftRatio, tpotRatio, successRatio } = objectives
  return { ttftSeconds: ttftMs / 1000, tpotSeconds: tpotMs / 1000, ttftRatio, tpotRatio, successRatio }
}
