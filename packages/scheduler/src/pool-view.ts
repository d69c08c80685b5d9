import { assert } from '@signalbox/base'
import type { EndpointTable } from './endpoint-table.ts'
import type { LearnedValues } from './learned-values.ts'
import type { Outstanding } from './outstanding.ts'
import type { PrefixIndex } from './prefix-index.ts'
import type { EndpointView } from './types.ts'

/** What metrics say of the pool. Means are over endpoints with fresh state; NaN without any that says. */
export interface PoolView {
  /** Mean share of KV cache in use, 0..1. */
  readonly kvUsage: number
  /** Mean requests waiting. */
  readonly queue: number
  /** Mean requests running. */
  readonly running: number
  /** Standard deviations over the same endpoints, those of the whole population. */
  readonly kvUsageStddev: number
  readonly queueStddev: number
  readonly runningStddev: number
  /** Endpoints with fresh state that are not held out. */
  readonly ready: number
  /** Every endpoint. `queue` is NaN without fresh state; `stateAgeMs` is NaN before the first good poll. */
  readonly perEndpoint: readonly { readonly endpoint: string; readonly queue: number; readonly stateAgeMs: number }[]
}

/** What metrics say of the prefix index. `admitted` and `evicted` only grow. */
export interface PrefixIndexView {
  /** Held now, over all endpoints. */
  readonly blocks: number
  readonly admitted: number
  readonly evicted: number
}

/** Where views read. */
export interface ViewSources {
  readonly table: EndpointTable
  readonly outstanding: Outstanding
  readonly learned: LearnedValues
  readonly index: PrefixIndex
  readonly nowMs: number
  kvCapacityOf(slot: number): number
}

export function endpointView(slot: number, { table, outstanding, learned, index, nowMs, kvCapacityOf }: ViewSources): EndpointView {
  const spec = table.spec(slot)
  assert(spec !== undefined, `slot ${slot} is free`)
  return {
    id: spec.id,
    url: spec.url,
    simulated: spec.simulated,
    state: table.stateName(slot, nowMs),
    reason: table.reason(slot, nowMs),
    stateAgeMs: orNull(table.stateAgeMs(slot, nowMs)),
    runningRequests: orNull(table.runningRequests(slot)),
    waitingRequests: orNull(table.waitingRequests(slot)),
    kvUsageRatio: orNull(table.kvUsageRatio(slot)),
    kvCapacityTokens: orNull(kvCapacityOf(slot)),
    inFlight: outstanding.ownInFlight(slot),
    models: table.models(slot),
    prefillTokensPerSecond: learned.prefillLine(slot, nowMs).tokensPerSecond,
    indexBlocks: index.count(slot),
  }
}

export function poolView(slots: readonly number[], { table, nowMs }: ViewSources): PoolView {
  const fresh = slots.filter((slot) => table.isFresh(slot, nowMs))
  const kvUsage = known(fresh.map((slot) => table.kvUsageRatio(slot)))
  const queue = known(fresh.map((slot) => table.waitingRequests(slot)))
  const running = known(fresh.map((slot) => table.runningRequests(slot)))
  return {
    kvUsage: mean(kvUsage),
    queue: mean(queue),
    running: mean(running),
    kvUsageStddev: standardDeviation(kvUsage),
    queueStddev: standardDeviation(queue),
    runningStddev: standardDeviation(running),
    ready: fresh.filter((slot) => !table.isHeldOut(slot, nowMs)).length,
    perEndpoint: slots.map((slot) => ({
      endpoint: table.spec(slot)?.id ?? '',
      queue: table.isFresh(slot, nowMs) ? table.waitingRequests(slot) : Number.NaN,
      stateAgeMs: table.stateAgeMs(slot, nowMs),
    })),
  }
}

function known(values: readonly number[]): readonly number[] {
  return values.filter((value) => !Number.isNaN(value))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function standardDeviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)))
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
