import { editDistance, failure, ok, type Result } from '@signalbox/base'
import type { JsonObject } from './body.ts'

/** What each fault takes. */
export interface FaultValues {
  /** Every connection is reset on its first request, but for `/simulator/faults` and `/simulator/events`. */
  readonly refuse: boolean
  /**
   * The process is dead: all connections are reset, requests are lost, and every new connection is reset on its first request.
   * When the fault ends, the process starts anew, as by `restartMs`.
   */
  readonly die: boolean
  /** `/health` and `/ping` answer 503, as when vLLM's engine process has died behind its HTTP front. */
  readonly unhealthy: boolean
  /** Steps take so many times as long: 0.01..1000. */
  readonly slowFactor: number
  /** The engine's loop stands still once for so long, up to 10 minutes. */
  readonly stallMs: number
  /** The process restarts once: requests lost, caches cold, counters at 0, and so long every answer is 503 while it loads. */
  readonly restartMs: number
  /** So many of the next inference requests are answered with `status`. */
  readonly failNextRequests: number
  /** Each inference request is answered with `status` by this chance, 0..1. */
  readonly failRatio: number
  /** Answers fail when they have so many tokens: a stream with an error event and `[DONE]`, another answer with status 500. */
  readonly errorAfterTokens: number
  /** The connection of every answer breaks when it has so many tokens. */
  readonly cutStreamAfterTokens: number
  /** The KV cache is as small as so many blocks. */
  readonly kvBlocksMax: number
  /** Once, so many batches of KV events are numbered and not sent. */
  readonly eventGap: number
  /** `/metrics` answers this status, 400..599. */
  readonly metricsStatus: number
  /** `/metrics` answers so much later, up to 10 minutes: longer than a scraper waits, it is a timeout. */
  readonly metricsDelayMs: number
  /** Answered in place of the metrics page. */
  readonly metricsBody: string
  /** No adapter can be loaded. */
  readonly adapterLoadFails: boolean
}

export type FaultId = keyof FaultValues

/** A fault that begins `afterMs` after its plan was set and, given `forMs`, ends by itself so much later. */
interface ScheduledFault<Value> {
  readonly value: Value
  /** Default 0. */
  readonly afterMs?: number
  /** Default: until the plan is replaced. What happens once takes none. */
  readonly forMs?: number
}

/** What goes wrong on purpose. Everything absent is off. */
export type Faults = { readonly [Id in FaultId]?: FaultValues[Id] | ScheduledFault<FaultValues[Id]> } & {
  /** Of `failNextRequests` and `failRatio`: 400..599, default 500. */
  readonly status?: number
}

/** One fault of a plan. */
export interface Fault {
  readonly id: FaultId
  readonly value: FaultValues[FaultId]
  readonly afterMs: number
  /** Infinity: until the plan is replaced. */
  readonly forMs: number
}

interface FaultKind {
  readonly check: (value: unknown) => boolean
  readonly wanted: string
  /** Whether it is an event and not a state. */
  readonly once?: true
}

const LONGEST_MS = 600_000
const SCHEDULE_MS_MAX = 86_400_000

const integer = (min: number, max: number): FaultKind => ({
  check: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  wanted: max === 1e9 ? `an integer from ${min}` : `an integer from ${min} to ${max}`,
})
const number = (min: number, max: number): FaultKind => ({
  check: (value) => typeof value === 'number' && value >= min && value <= max,
  wanted: `a number from ${min} to ${max}`,
})
const flag: FaultKind = { check: (value) => typeof value === 'boolean', wanted: 'true or false' }

const KINDS: Readonly<Record<FaultId, FaultKind>> = {
  refuse: flag,
  die: flag,
  unhealthy: flag,
  slowFactor: number(0.01, 1000),
  stallMs: { ...integer(0, LONGEST_MS), once: true },
  restartMs: { ...integer(0, LONGEST_MS), once: true },
  failNextRequests: integer(0, 1e9),
  failRatio: number(0, 1),
  errorAfterTokens: integer(1, 1e9),
  cutStreamAfterTokens: integer(0, 1e9),
  kvBlocksMax: integer(1, 1e9),
  eventGap: { ...integer(1, 1_000_000), once: true },
  metricsStatus: integer(400, 599),
  metricsDelayMs: integer(0, LONGEST_MS),
  metricsBody: { check: (value) => typeof value === 'string' && value.length <= 1_000_000, wanted: 'a text of at most 1000000 characters' },
  adapterLoadFails: flag,
}
const STATUS = integer(400, 599)

/** Every fault there is, in the order of the documentation. */
const faultIds = Object.keys(KINDS) as readonly FaultId[]

/** Whether a fault happens at one moment rather than being in force for a time. */
export function happensOnce(id: FaultId): boolean {
  return KINDS[id].once === true
}

/** Checks a plan from outside; the failure is a sentence that names the key and what it takes. */
export function parseFaults(plan: JsonObject): Result<Faults, string> {
  for (const [key, given] of Object.entries(plan)) {
    if (key === 'status') {
      if (!STATUS.check(given)) return failure(`status must be ${STATUS.wanted}`)
      continue
    }
    if (!isFaultId(key)) return failure(unknownFault(key))
    const { check, wanted } = KINDS[key]
    const scheduled = typeof given === 'object' && given !== null
    const value = scheduled ? (given as JsonObject)['value'] : given
    if (!check(value)) return failure(`${scheduled ? `${key}.value` : key} must be ${wanted}`)
    const wrong = scheduled ? wrongSchedule(key, given as JsonObject) : undefined
    if (wrong !== undefined) return failure(wrong)
  }
  return ok(plan)
}

/** The faults of a plan with their times, those that are switched off (`false`) left out. */
export function faultsOf(plan: Faults): readonly Fault[] {
  const faults: Fault[] = []
  for (const id of faultIds) {
    const given = plan[id]
    if (given === undefined) continue
    const { value, afterMs = 0, forMs = Number.POSITIVE_INFINITY } = typeof given === 'object' ? given : { value: given }
    if (value !== false) faults.push({ id, value, afterMs, forMs })
  }
  return faults
}

function isFaultId(key: string): key is FaultId {
  return Object.hasOwn(KINDS, key)
}

function wrongSchedule(id: FaultId, given: JsonObject): string | undefined {
  for (const [key, value] of Object.entries(given)) {
    if (key === 'value') continue
    if (key !== 'afterMs' && key !== 'forMs') return `${id}.${key}: a scheduled fault has value, afterMs and forMs`
    if (!integer(0, SCHEDULE_MS_MAX).check(value)) return `${id}.${key} must be an integer from 0 to ${SCHEDULE_MS_MAX}`
    if (key === 'forMs' && happensOnce(id)) return `${id}.forMs: it happens once and has no end; leave forMs out`
  }
  return undefined
}

function unknownFault(key: string): string {
  const known: readonly string[] = [...faultIds, 'status']
  const distance = (name: string): number => editDistance(key.toLowerCase(), name.toLowerCase())
  const near = known.filter((name) => distance(name) <= Math.max(2, Math.floor(key.length / 3))).sort((a, b) => distance(a) - distance(b))[0]
  return `unknown fault ${key}; ${near === undefined ? `there are ${known.join(', ')}` : `did you mean ${near}?`}`
}
