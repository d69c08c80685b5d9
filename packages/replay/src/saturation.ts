import { assert, failure, ok, type Result, seededRandom } from '@signalbox/base'
import { policies } from '@signalbox/scheduler'
import { type FleetSpec, fleetEngines } from './fleet.ts'
import { PromptCache } from './prompt-cache.ts'
import { Simulation } from './simulation.ts'
import type { Trace } from './trace.ts'

/** Fewest requests from which a rate is told: a middle half has two completions then. */
const REQUESTS_MIN = 8
/** Requests of the trace that are sent, from its beginning. */
const REQUESTS_MAX = 4000
/** Of those, the largest share that is under way at once: the middle of the run has to be long. */
const UNDER_WAY_RATIO = 1 / 8

export interface SaturationOptions {
  readonly trace: Trace
  readonly fleet: FleetSpec
  readonly seed: number
  /** Default: as many as the engines can hold at once, but at most an eighth of the requests. */
  readonly concurrency?: number
  /** Default 4,000. */
  readonly requestsMax?: number
}

/** How much a fleet gets done of a trace. */
export interface Saturation {
  readonly requestsPerSecond: number
  /** Requests that were under way all the time, and how many the engines hold at once. Where the trace has too few to keep them full, they may get more done. */
  readonly concurrency: number
  readonly held: number
}

/**
 * Requests a second that a fleet gets done of a trace when there is always more to do: what `load` 1 means. Measured in a closed loop: clients
 * as many as the engines' caches and slots hold send the trace's requests in its order, each the next one when its last has ended,
 * through one gateway with the default policy; the rate is that of the middle half of the completions. A follow-up waits for its
 * predecessor and not for its user. Times of the trace play no part; equal options give an equal number.
 *
 * The error is a sentence: a trace of fewer than eight requests, or one of which the engines can hold too few.
 *
 * What it is not: the rate up to which latency is good. That is lower, and the curve over `load` shows it.
 */
export function saturation(options: SaturationOptions): Result<Saturation, string> {
  const { trace, fleet, seed, requestsMax = REQUESTS_MAX } = options
  const requests = trace.requests.slice(0, requestsMax)
  if (requests.length < REQUESTS_MIN)
    return failure(`saturation is measured with ${REQUESTS_MIN} requests and more, and the trace has ${requests.length}`)
  const part: Trace = { ...trace, requests }
  const plugin = policies.get('least-cost')
  assert(plugin !== undefined, 'least-cost is registered')
  const held = heldAtOnce(part, fleet)
  const concurrency = options.concurrency ?? Math.max(1, Math.min(held, Math.floor(requests.length * UNDER_WAY_RATIO)))
  const simulation = new Simulation({
    trace: part,
    fleet,
    policy: { kind: 'scheduler', plugin, parameters: undefined },
    seed,
    gateways: 1,
    feed: undefined,
    objectives: { ttftMs: Number.POSITIVE_INFINITY, tpotMs: Number.POSITIVE_INFINITY },
    closedLoop: { concurrency },
    prompts: new PromptCache(part),
  })
  while (simulation.advance(100_000));
  const endsMs = simulation.completionTimesMs()
  if (endsMs.length < REQUESTS_MIN) {
    const { tooLong } = simulation.result().failures
    return failure(
      `saturation is measured with ${REQUESTS_MIN} completed requests and more, and of ${requests.length} the engines completed ${endsMs.length}: ${tooLong} are longer than an engine holds`,
    )
  }
  return ok({ requestsPerSecond: middleRate(endsMs), concurrency, held })
}

/** Requests that the engines hold at once, by slots and by KV blocks at the trace's mean size. */
function heldAtOnce({ requests }: Trace, fleet: FleetSpec): number {
  const tokens = requests.reduce((sum, { prompt, output }) => sum + prompt.tokens + output.tokens, 0) / requests.length
  let held = 0
  for (const { options } of fleetEngines(fleet, seededRandom(0))) {
    held += Math.max(1, Math.min(options.sequencesMax, Math.floor(((options.blocksTotal - 1) * options.blockTokens) / tokens)))
  }
  return held
}

/** Completions a second between the first and the third quarter of them. */
function middleRate(endsMs: Float64Array): number {
  const first = Math.floor(endsMs.length / 4)
  const last = Math.floor((3 * endsMs.length) / 4)
  const spanMs = (endsMs[last] as number) - (endsMs[first] as number)
  return ((last - first) * 1000) / spanMs
}
