import type { Clock, Random } from '@signalbox/base'
import type { Timers } from './engine-loop.ts'
import { type Fault, type FaultId, type Faults, type FaultValues, faultsOf, happensOnce } from './faults.ts'

/** What faults do to the server by themselves; all others are asked for where they matter. */
export interface FaultEffects {
  /** Steps take so many times as long from now on; 1: as ever. */
  slow(factor: number): void
  /** undefined: as many as there are. */
  limitKvBlocks(blocks: number | undefined): void
  stall(ms: number): void
  dropEventBatches(batches: number): void
  restart(startupMs: number): void
  die(): void
  /** The end of `die`. */
  revive(): void
}

/** What is known of the faults of a server, for people. */
export interface FaultReport {
  readonly plan: Faults
  /** In force now. */
  readonly active: Partial<FaultValues>
  /** How often each did something since the server began, and how often each with an effect of its own began. */
  readonly counts: Readonly<Partial<Record<FaultId, number>>>
}

/** These count when somebody meets them; the others when they begin. */
const COUNTED_WHEN_MET: ReadonlySet<FaultId> = new Set([
  'refuse',
  'unhealthy',
  'failNextRequests',
  'failRatio',
  'errorAfterTokens',
  'cutStreamAfterTokens',
  'metricsStatus',
  'metricsDelayMs',
  'metricsBody',
  'adapterLoadFails',
])

/**
 * The plan of what goes wrong, when each begins and ends, and what it did so far. A new plan ends what it does not hold; what
 * it holds with the same value goes on unbroken. Times count from the moment a plan is set. At most two timers a fault.
 */
export class FaultPlan {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #random: Random
  readonly #effects: FaultEffects
  readonly #active = new Map<FaultId, FaultValues[FaultId]>()
  readonly #counts = new Map<FaultId, number>()
  #plan: Faults = {}
  #pending: (() => void)[] = []
  #failuresLeft = 0

  /** `random` draws for `failRatio`. Effects are told from `replace` on, and by timers. */
  constructor(deps: { readonly clock: Clock; readonly timers: Timers; readonly random: Random; readonly effects: FaultEffects }) {
    this.#clock = deps.clock
    this.#timers = deps.timers
    this.#random = deps.random
    this.#effects = deps.effects
  }

  get report(): FaultReport {
    const active = Object.fromEntries(this.#active) as Partial<FaultValues>
    return {
      plan: this.#plan,
      active: active.failNextRequests === undefined ? active : { ...active, failNextRequests: this.#failuresLeft },
      counts: Object.fromEntries(this.#counts),
    }
  }

  /** The value of a fault that is in force; asking counts nothing. */
  active<Id extends FaultId>(id: Id): FaultValues[Id] | undefined {
    return this.#active.get(id) as FaultValues[Id] | undefined
  }

  /** The same, where the asker now does what it says: it is counted. */
  meet<Id extends FaultId>(id: Id): FaultValues[Id] | undefined {
    const value = this.active(id)
    if (value !== undefined) this.#count(id)
    return value
  }

  /** The status that this inference request must fail with, if it must; counted. */
  takeFailure(): number | undefined {
    const status = this.#plan.status ?? 500
    if (this.#active.has('failNextRequests') && this.#failuresLeft > 0) {
      this.#failuresLeft -= 1
      this.#count('failNextRequests')
      return status
    }
    const ratio = this.active('failRatio')
    if (ratio === undefined || this.#random.next() >= ratio) return undefined
    this.#count('failRatio')
    return status
  }

  /** Replaces the whole plan: what it does not name is off. */
  replace(plan: Faults): void {
    this.stop()
    this.#plan = plan
    const faults = faultsOf(plan)
    const now = faults.filter(({ afterMs, forMs }) => afterMs === 0 && forMs > 0)
    for (const [id, value] of [...this.#active]) if (!now.some((fault) => fault.id === id && fault.value === value)) this.#end(id)
    for (const fault of now) this.#begin(fault)
    for (const fault of faults) this.#schedule(fault)
  }

  /** Nothing begins or ends by itself any more; what is in force stays. */
  stop(): void {
    for (const cancel of this.#pending) cancel()
    this.#pending = []
  }

  #schedule(fault: Fault): void {
    const { id, afterMs, forMs } = fault
    if (forMs === 0) return
    if (afterMs > 0) this.#at(afterMs, () => this.#begin(fault))
    if (Number.isFinite(forMs)) this.#at(afterMs + forMs, () => this.#end(id))
  }

  /** Timers may be early by a little against the clock, which decides. */
  #at(ms: number, action: () => void): void {
    const dueMs = this.#clock.nowMs() + ms
    const arm = (): void => {
      const leftMs = dueMs - this.#clock.nowMs()
      if (leftMs <= 0) action()
      else this.#pending.push(this.#timers.after(leftMs, arm))
    }
    this.#pending.push(this.#timers.after(ms, arm))
  }

  #begin({ id, value }: Fault): void {
    if (id === 'failNextRequests') this.#failuresLeft = value as number
    if (this.#active.get(id) === value) return
    if (!happensOnce(id)) this.#active.set(id, value)
    if (!COUNTED_WHEN_MET.has(id)) this.#count(id)
    this.#take(id, value)
  }

  #take(id: FaultId, value: FaultValues[FaultId]): void {
    if (id === 'slowFactor') this.#effects.slow(value as number)
    else if (id === 'kvBlocksMax') this.#effects.limitKvBlocks(value as number)
    else if (id === 'stallMs') this.#effects.stall(value as number)
    else if (id === 'eventGap') this.#effects.dropEventBatches(value as number)
    else if (id === 'restartMs') this.#effects.restart(value as number)
    else if (id === 'die') this.#effects.die()
  }

  #end(id: FaultId): void {
    if (!this.#active.delete(id)) return
    if (id === 'slowFactor') this.#effects.slow(1)
    else if (id === 'kvBlocksMax') this.#effects.limitKvBlocks(undefined)
    else if (id === 'die') this.#effects.revive()
  }

  #count(id: FaultId): void {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
  }
}
