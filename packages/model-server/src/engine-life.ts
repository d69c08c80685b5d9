import { randomUUID } from 'node:crypto'
import { type Clock, seededRandom } from '@signalbox/base'
import { Engine, type EngineDialect, type EngineOptions, type KvEventSink } from '@signalbox/engine'
import { Registry } from '@signalbox/instruments'
import { entriesOf } from '@signalbox/signals'
import { EngineLoop, type Timers } from './engine-loop.ts'
import { type AdapterModules, ServedModels } from './served-models.ts'
import { unixSeconds } from './server-state.ts'

export interface EngineLifeOptions {
  readonly engine: EngineOptions
  readonly dialect: EngineDialect
  readonly adapters: AdapterModules
  readonly clock: Clock
  readonly timers: Timers
  readonly seed: number
  /** As in `EngineLoop`. */
  readonly speed: number
  /** How long everything is answered 503 at its beginning: a model being loaded. */
  readonly startupMs: number
  /** Told what enters and leaves the prefix cache. */
  readonly events: KvEventSink | undefined
}

/** What vLLM brings back by itself or in two steps (`/wake_up?tags=`). */
export type MemoryPart = 'weights' | 'kv_cache'

/**
 * One life of the simulated process, from start to death: everything that a restart loses. Counters, cache, adapters loaded at run
 * time and the identity that other engines know it by begin anew with each.
 */
export class EngineLife {
  readonly engine: Engine
  readonly loop: EngineLoop
  readonly registry: Registry
  readonly models: ServedModels
  /** By which the other half of a pair knows this engine (`remote_engine_id`). */
  readonly id = randomUUID()
  readonly #clock: Clock
  readonly #loadedMs: number
  /** What sleep took away and `wake` has not brought back. */
  readonly #asleep = new Set<MemoryPart>()
  #requests = 0

  constructor({ engine, dialect, adapters, clock, timers, seed, speed, startupMs, events }: EngineLifeOptions) {
    // Adapters can be loaded at any time: as vLLM with `--enable-lora`, whose `--max-loras` is 1.
    const options = { adapterSlots: 1, ...engine }
    this.#clock = clock
    this.#loadedMs = clock.nowMs() + startupMs
    this.registry = new Registry({ entries: [...dialect.entries, ...entriesOf('process')], clock })
    this.registry
      .gauge('process.start_time')
      .with()
      .set(clock.nowMs() / 1000)
    const metrics = dialect.record(this.registry, options)
    this.engine = new Engine(inRealTime(options, speed), seededRandom(seed), metrics, events)
    metrics.watch(this.engine)
    this.loop = new EngineLoop({ engine: this.engine, clock, timers, speed })
    const { contextTokensMax } = this.engine
    this.models = new ServedModels(options.model, { created: unixSeconds(clock), contextTokensMax, adapters })
  }

  get isLoading(): boolean {
    return this.#clock.nowMs() < this.#loadedMs
  }

  get isAsleep(): boolean {
    return this.#asleep.size > 0
  }

  /** As `Engine.sleep`. */
  sleep(level: 1 | 2): boolean {
    if (!this.engine.sleep(level, this.#clock.nowMs())) return false
    this.#asleep.add('weights').add('kv_cache')
    return true
  }

  /** Brings parts of the memory back; the engine works again when all are there. */
  wake(parts: readonly MemoryPart[]): void {
    for (const part of parts) this.#asleep.delete(part)
    if (this.#asleep.size > 0) return
    this.engine.wake(this.#clock.nowMs())
    this.loop.kick()
  }

  /** As `Engine.releaseHeld`: others may be waiting for the blocks. */
  releaseHeld(id: string): boolean {
    const released = this.engine.releaseHeld(id, this.#clock.nowMs())
    if (released) this.loop.kick()
    return released
  }

  /** As `Engine.setKvBlocksMax`. */
  limitKvBlocks(blocks: number | undefined): void {
    this.engine.setKvBlocksMax(blocks)
    this.loop.kick()
  }

  /** An id that this life's engine has not seen. */
  nextRequestId(): string {
    return `${this.#requests++}`
  }
}

/** Loads and transfers take their share of a faster engine's time; how long held blocks wait is up to another machine and stays. */
function inRealTime(options: EngineOptions, speed: number): EngineOptions {
  const { adapterLoadMs, kvTransfer } = options
  return {
    ...options,
    ...(adapterLoadMs === undefined ? {} : { adapterLoadMs: adapterLoadMs / speed }),
    ...(kvTransfer === undefined ? {} : { kvTransfer: { setupMs: kvTransfer.setupMs / speed, msPerToken: kvTransfer.msPerToken / speed } }),
  }
}
