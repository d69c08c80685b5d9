import { seededRandom } from '@signalbox/base'
import {
  type FleetSpec,
  PromptCache,
  type RunResult,
  type Saturation,
  Simulation,
  saturation,
  type Trace,
  timeScaled,
  withPriorities,
} from '@signalbox/replay'
import { StartError } from '../supervisor/role-process.ts'
import { recordedPerSecond } from './recorded-rate.ts'
import { replayPolicy } from './replay-policy.ts'
import { openTrace, type TraceSource } from './trace-source.ts'

/** What all runs of one replay share. Plain data: it travels to worker threads. */
export interface ReplaySettings {
  readonly trace: TraceSource
  readonly fleet: FleetSpec
  readonly gateways: number
  /** Milliseconds from one gateway to the others; undefined: they tell each other nothing. */
  readonly feedDelayMs: number | undefined
  readonly pollMs: number
  /** Share of the requests that are not streamed, 0..1. */
  readonly unstreamedRatio: number
  readonly objectives: { readonly ttftMs: number; readonly tpotMs: number }
  /** Priorities drawn over the requests, from 0; undefined: the trace's own. */
  readonly priorityLevels: number | undefined
}

/** How fast requests come, reached by scaling the trace's times. */
export type ReplayRate = { readonly kind: 'per-second'; readonly value: number } | { readonly kind: 'multiple'; readonly value: number }

/** One run: a policy at one rate under one seed. */
export interface ReplayRun {
  /** As `replayPolicy` takes it. */
  readonly policy: string
  readonly rate: ReplayRate
  readonly seed: number
}

const EVENTS_A_SLICE = 20_000

/** Reads the trace once, or once a seed where the seed makes it, and runs one simulation at a time. */
export class ReplayRunner {
  readonly #settings: ReplaySettings
  #held: { readonly trace: Trace; readonly prompts: PromptCache; readonly seed: number; readonly isRandom: boolean } | undefined

  constructor(settings: ReplaySettings) {
    this.#settings = settings
  }

  /** How much the fleet gets done. Throws a StartError where the trace does not tell. */
  saturation(seed: number): Saturation {
    const measured = saturation({ trace: this.#read(seed).trace, fleet: this.#settings.fleet, seed })
    if (!measured.ok) throw new StartError(`--load: ${measured.error}; give --rate, which needs no saturation`)
    return measured.value
  }

  /** Yields the share done (0..1) from time to time; returns what the run came to. Throws a StartError for a policy that throws. */
  async *run({ policy, rate, seed }: ReplayRun): AsyncGenerator<number, RunResult> {
    const { fleet, gateways, feedDelayMs, pollMs, unstreamedRatio, objectives } = this.#settings
    const { trace, prompts } = this.#read(seed)
    const simulation = new Simulation({
      trace: timeScaled(trace, rate.kind === 'multiple' ? 1 / rate.value : recordedPerSecond(trace) / rate.value),
      fleet,
      policy: await replayPolicy(policy),
      seed,
      gateways,
      feed: feedDelayMs === undefined ? undefined : { delayMs: feedDelayMs },
      pollMs,
      unstreamedRatio,
      objectives,
      prompts,
    })
    while (simulation.advance(EVENTS_A_SLICE)) {
      const { done, total } = simulation.progress
      yield done / total
    }
    return simulation.result()
  }

  /** A function of the seed alone, whatever was read before: runs may be spread over threads in any way. */
  #read(seed: number): { readonly trace: Trace; readonly prompts: PromptCache } {
    const held = this.#held
    if (held !== undefined && (held.seed === seed || !held.isRandom)) return held
    const random = seededRandom(seed)
    const { trace: opened, isRandom } = openTrace(this.#settings.trace, random)
    const { priorityLevels } = this.#settings
    const trace = priorityLevels === undefined ? opened : withPriorities(opened, priorityLevels, random)
    this.#held = { trace, prompts: new PromptCache(trace), seed, isRandom: isRandom || priorityLevels !== undefined }
    return this.#held
  }
}
