import { seededRandom } from '@signalbox/base'
import { type FleetSpec, type PolicyChoice, PromptCache, type RunResult, Simulation, saturation, type Trace, timeScaled } from '@signalbox/replay'
import { policyNamed } from '../config/policy-named.ts'
import { isRandom, openTrace, type TraceSource } from './trace-source.ts'

/** What all runs of one replay share. Plain data: it travels to worker threads. */
export interface ReplaySettings {
  readonly trace: TraceSource
  readonly fleet: FleetSpec
  readonly gateways: number
  /** Milliseconds from one gateway to the others; undefined: they tell each other nothing. */
  readonly feedDelayMs: number | undefined
  readonly pollMs: number
  readonly unstreamedRatio: number
  readonly objectives: { readonly ttftMs: number; readonly tpotMs: number }
}

/** One run: a policy at one rate under one seed. */
export interface ReplayRun {
  /** A policy's name, a module's path, or `oracle`. */
  readonly policy: string
  /** Requests a second to be reached by scaling arrival times; undefined: as recorded. */
  readonly requestsPerSecond: number | undefined
  readonly seed: number
}

/** The policy that knows everything, for comparison; it is no policy that could run. */
export const ORACLE = 'oracle'

const EVENTS_A_SLICE = 20_000

/** Reads the trace once, or once a seed where seeds make it, and runs one simulation at a time. */
export class ReplayRunner {
  readonly #settings: ReplaySettings
  #held: { readonly trace: Trace; readonly prompts: PromptCache; readonly seed: number } | undefined

  constructor(settings: ReplaySettings) {
    this.#settings = settings
  }

  /** Requests a second at which the fleet is busy all the time. */
  saturationPerSecond(seed: number): number {
    return saturation({ trace: this.#read(seed).trace, fleet: this.#settings.fleet, seed })
  }

  /** Yields the share done (0..1) from time to time; returns what the run came to. */
  async *run(run: ReplayRun): AsyncGenerator<number, RunResult> {
    const { fleet, gateways, feedDelayMs, pollMs, unstreamedRatio, objectives } = this.#settings
    const { trace: recorded, prompts } = this.#read(run.seed)
    const factor = run.requestsPerSecond === undefined ? 1 : recordedPerSecond(recorded) / run.requestsPerSecond
    const simulation = new Simulation({
      trace: factor === 1 ? recorded : timeScaled(recorded, factor),
      fleet,
      policy: await choiceOf(run.policy),
      seed: run.seed,
      gateways,
      feed: feedDelayMs === undefined ? undefined : { delayMs: feedDelayMs },
      pollMs,
      unstreamedRatio,
      objectives,
      prompts,
    })
    while (simulation.advance(EVENTS_A_SLICE)) {
      const { done, total } = simulation.progress
      yield total === 0 ? 1 : done / total
    }
    return simulation.result()
  }

  #read(seed: number): { readonly trace: Trace; readonly prompts: PromptCache } {
    const held = this.#held
    if (held !== undefined && (held.seed === seed || !isRandom(this.#settings.trace))) return held
    const trace = openTrace(this.#settings.trace, seededRandom(seed))
    this.#held = { trace, prompts: new PromptCache(trace), seed }
    return this.#held
  }
}

/** Mean arrivals a second over the trace's span. A trace of one moment has none: it is taken as one second. */
export function recordedPerSecond({ requests }: Trace): number {
  const lastMs = requests.reduce((last, { atMs }) => Math.max(last, atMs), 0)
  return requests.length / Math.max(1, lastMs / 1000)
}

async function choiceOf(policy: string): Promise<PolicyChoice> {
  if (policy === ORACLE) return { kind: 'oracle' }
  return { kind: 'scheduler', plugin: await policyNamed(policy, '--policy', [ORACLE]), parameters: undefined }
}
