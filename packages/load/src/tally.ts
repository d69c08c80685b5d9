import { seededRandom } from '@signalbox/base'
import type { Objectives, TraceRequest } from '@signalbox/replay'
import type { Answer, Failure, FailureKind } from './answer.ts'
import { CappedSamples } from './capped-samples.ts'
import type { Ended } from './exchange.ts'
import type { LoadFailures, LoadResult } from './load-result.ts'

/** A request counts as sent late beyond this: timers of the machine are a millisecond or two off. */
const LATE_MS = 10

/** A request that has ended, with all that is known of it. Times in ms of one clock. */
export interface Observation {
  readonly request: TraceRequest
  /** Its latencies are counted: it is not of the cold part. */
  readonly isWarm: boolean
  readonly dueMs: number
  readonly ended: Ended
  readonly answer: Answer
}

/** Sums over the answers whose server says its counts. */
class Known {
  #sum = 0
  #answers = 0

  add(value: number | null): void {
    if (value === null) return
    this.#sum += value
    this.#answers += 1
  }

  get value(): number | null {
    return this.#answers === 0 ? null : this.#sum
  }
}

/** Adds up what was observed; memory is bounded whatever the number of requests. */
export class Tally {
  readonly #objectives: Objectives
  readonly #lateness: CappedSamples
  readonly #ttft: CappedSamples
  readonly #ttftFromSend: CappedSamples
  readonly #tpot: CappedSamples
  readonly #itl: CappedSamples
  readonly #e2e: CappedSamples
  readonly #e2eFromSend: CappedSamples
  readonly #promptTokens = new Known()
  readonly #outputTokens = new Known()
  readonly #cachedTokens = new Known()
  readonly #promptTokensOfCached = new Known()
  readonly #failures = new Map<FailureKind, { count: number; readonly message: string }>()
  #promptTokensAsked = 0
  #outputTokensAsked = 0
  #completed = 0
  #failed = 0
  #aborted = 0
  #late = 0
  #repeated = 0
  #good = 0

  constructor(objectives: Objectives) {
    this.#objectives = objectives
    const random = seededRandom(1)
    const samples = (): CappedSamples => new CappedSamples(random)
    this.#lateness = samples()
    this.#ttft = samples()
    this.#ttftFromSend = samples()
    this.#tpot = samples()
    this.#itl = samples()
    this.#e2e = samples()
    this.#e2eFromSend = samples()
  }

  get completed(): number {
    return this.#completed
  }

  get failed(): number {
    return this.#failed
  }

  /** The time between two events with content of a request whose latencies are counted. */
  gap(ms: number): void {
    this.#itl.add(ms)
  }

  add(observation: Observation): void {
    const { ended, dueMs } = observation
    const latenessMs = Math.max(0, ended.sentMs - dueMs)
    this.#lateness.add(latenessMs)
    if (latenessMs > LATE_MS) this.#late += 1
    if (ended.isRepeated) this.#repeated += 1
    if (ended.outcome === 'aborted') this.#aborted += 1
    else if (ended.failure !== undefined) this.#addFailure(ended.failure)
    else this.#addCompleted(observation)
  }

  result(facts: Pick<LoadResult, 'model' | 'requests' | 'sent' | 'durationMs' | 'inFlightMax'>): LoadResult {
    const seconds = facts.durationMs / 1000
    const perSecond = (count: number): number => (seconds > 0 ? count / seconds : 0)
    const cachedTokens = this.#cachedTokens.value
    const promptTokensOfCached = this.#promptTokensOfCached.value
    const outputTokens = this.#outputTokens.value
    const judged = this.#completed + this.#failed
    return {
      ...facts,
      completed: this.#completed,
      failed: this.#failed,
      aborted: this.#aborted,
      stopped: facts.sent < facts.requests || this.#aborted > 0,
      failures: Object.fromEntries(this.#failures) as Partial<Record<FailureKind, LoadFailures>>,
      sentLate: this.#late,
      repeated: this.#repeated,
      latenessMs: this.#lateness.quantiles(),
      ttftMs: this.#ttft.quantiles(),
      ttftFromSendMs: this.#ttftFromSend.quantiles(),
      tpotMs: this.#tpot.quantiles(),
      itlMs: this.#itl.quantiles(),
      e2eMs: this.#e2e.quantiles(),
      e2eFromSendMs: this.#e2eFromSend.quantiles(),
      promptTokensAsked: this.#promptTokensAsked,
      promptTokens: this.#promptTokens.value,
      outputTokensAsked: this.#outputTokensAsked,
      outputTokens,
      cachedTokens,
      hitRatio: cachedTokens === null || promptTokensOfCached === null || promptTokensOfCached === 0 ? null : cachedTokens / promptTokensOfCached,
      requestsPerSecond: perSecond(this.#completed),
      outputTokensPerSecond: outputTokens === null ? null : perSecond(outputTokens),
      goodputPerSecond: perSecond(this.#good),
      goodputRatio: judged === 0 ? null : this.#good / judged,
    }
  }

  #addFailure({ kind, message }: Failure): void {
    this.#failed += 1
    const known = this.#failures.get(kind)
    if (known === undefined) this.#failures.set(kind, { count: 1, message })
    else known.count += 1
  }

  #addCompleted({ request, isWarm, dueMs, ended, answer }: Observation): void {
    this.#completed += 1
    this.#promptTokensAsked += request.prompt.tokens
    this.#outputTokensAsked += request.output.tokens
    const { usage, firstContentMs, lastContentMs } = answer
    this.#promptTokens.add(usage.promptTokens)
    this.#outputTokens.add(usage.outputTokens)
    if (usage.cachedTokens !== null && usage.promptTokens !== null) {
      this.#cachedTokens.add(usage.cachedTokens)
      this.#promptTokensOfCached.add(usage.promptTokens)
    }
    const ttftMs = firstContentMs === undefined ? undefined : firstContentMs - dueMs
    const tpotMs = tpotOf(firstContentMs, lastContentMs, usage.outputTokens)
    const { ttftMs: ttftObjective, tpotMs: tpotObjective } = this.#objectives
    if ((ttftMs === undefined || ttftMs <= ttftObjective) && (tpotMs === undefined || tpotMs <= tpotObjective)) this.#good += 1
    if (!isWarm) return
    this.#e2e.add(ended.endMs - dueMs)
    this.#e2eFromSend.add(ended.endMs - ended.sentMs)
    if (ttftMs !== undefined) this.#ttft.add(ttftMs)
    if (firstContentMs !== undefined) this.#ttftFromSend.add(firstContentMs - ended.sentMs)
    if (tpotMs !== undefined) this.#tpot.add(tpotMs)
  }
}

function tpotOf(firstMs: number | undefined, lastMs: number | undefined, tokens: number | null): number | undefined {
  if (firstMs === undefined || lastMs === undefined || tokens === null || tokens < 2) return undefined
  return (lastMs - firstMs) / (tokens - 1)
}
