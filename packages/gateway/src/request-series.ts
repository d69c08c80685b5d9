import type { CounterCell, GaugeCell, HistogramCell, Instrument, Registry } from '@signalbox/instruments'
import { judge, type Objective, type Objectives, objectiveOf, type Verdict } from './goodput.ts'
import type { RequestLabels, RequestObservation, RequestSeries } from './ports.ts'

/** The scheduler's own prediction under the name that its kind has among the endpoint picker's plug-ins. SOURCE: reference/epp.md §1.3. */
const PREDICTOR = ['predicted-latency-producer', 'predicted-latency-producer'] as const

/** Every instrument whose series are told apart by model, or by model, tenant and priority. */
function requestInstruments(registry: Registry) {
  return {
    requests: registry.counter('gateway.requests'),
    errors: registry.counter('gateway.request_errors'),
    running: registry.gauge('gateway.requests_running'),
    duration: registry.histogram('gateway.request_duration'),
    ntpot: registry.histogram('gateway.ntpot'),
    ttft: registry.histogram('gateway.ttft'),
    tpot: registry.histogram('gateway.tpot'),
    itl: registry.histogram('gateway.itl'),
    requestBytes: registry.histogram('gateway.request_bytes'),
    responseBytes: registry.histogram('gateway.response_bytes'),
    inputTokens: registry.histogram('gateway.input_tokens'),
    outputTokens: registry.histogram('gateway.output_tokens'),
    cachedTokens: registry.histogram('gateway.cached_tokens'),

    outcomes: registry.counter('gateway.request_outcomes'),
    responses: registry.counter('gateway.responses'),
    retries: registry.counter('gateway.retries_by_status'),
    promptTokens: registry.counter('gateway.prompt_tokens'),
    completionTokens: registry.counter('gateway.completion_tokens'),
    endedInputTokens: registry.histogram('gateway.ended_input_tokens'),
    endedOutputTokens: registry.histogram('gateway.ended_output_tokens'),
    preprocess: registry.histogram('gateway.preprocess_time'),
    schedule: registry.histogram('gateway.schedule_time'),
    postprocess: registry.histogram('gateway.postprocess_time'),
    predictedTtft: registry.histogram('gateway.predicted_ttft'),
    sloRequests: registry.counter('gateway.slo_requests'),
    sloViolations: registry.counter('gateway.slo_violations'),
  } as const
}

type RequestInstruments = ReturnType<typeof requestInstruments>

/** What a series tells those who count over all labels. */
interface SeriesListener {
  retried(reason: string): void
  ended(observation: RequestObservation): void
}

/** Finds the series of one set of labels, with one look-up a request; kept while it runs, so that what is recorded for each token touches no map. */
export function requestSeries(registry: Registry, objectives: Objectives, listener: SeriesListener): (labels: RequestLabels) => RequestSeries {
  const instruments = requestInstruments(registry)
  const models = registry.bundle(
    (model: string, targetModel: string) => new ModelSeries(instruments, [model, targetModel], objectiveOf(model, objectives)),
  )
  const all = registry.bundle(
    (model: string, targetModel: string, fairnessId: string, priority: string) =>
      new LabelledSeries(instruments, [model, targetModel, fairnessId, priority], { ofModel: models.with(model, targetModel), listener }),
  )
  return ({ model, targetModel, fairnessId, priority }) => all.with(model, targetModel, fairnessId, priority)
}

/** What is told apart by model alone, or by the model and what it is sent as. */
class ModelSeries {
  readonly #instruments: RequestInstruments
  readonly #names: readonly [model: string, targetModel: string]
  readonly #objective: Objective
  readonly #promptTokens: CounterCell
  readonly #completionTokens: CounterCell
  readonly #endedInput: LateHistogram
  readonly #endedOutput: LateHistogram
  readonly #preprocess: LateHistogram
  readonly #schedule: LateHistogram
  readonly #postprocess: LateHistogram
  readonly #predictedTtft: LateHistogram
  #slo: SloCells | undefined

  constructor(instruments: RequestInstruments, names: readonly [model: string, targetModel: string], objective: Objective) {
    const [model] = names
    this.#instruments = instruments
    this.#names = names
    this.#objective = objective
    this.#promptTokens = instruments.promptTokens.with(model)
    this.#completionTokens = instruments.completionTokens.with(model)
    // At 0 before anything failed, as of what has had no error yet.
    instruments.retries.with(model, NETWORK_ERROR).inc(0)
    this.#endedInput = new LateHistogram(() => instruments.endedInputTokens.with(model))
    this.#endedOutput = new LateHistogram(() => instruments.endedOutputTokens.with(model))
    this.#preprocess = new LateHistogram(() => instruments.preprocess.with(model))
    this.#schedule = new LateHistogram(() => instruments.schedule.with(model))
    this.#postprocess = new LateHistogram(() => instruments.postprocess.with(model))
    this.#predictedTtft = new LateHistogram(() => instruments.predictedTtft.with(...PREDICTOR, ...names))
  }

  retried(status: number | undefined): void {
    this.#instruments.retries.with(this.#names[0], status === undefined ? NETWORK_ERROR : String(status)).inc()
  }

  ended(observation: RequestObservation, tpotS: number | undefined): void {
    const { outcome, prediction, preprocessS, scheduleS, postprocessS } = observation
    const [model] = this.#names
    this.#instruments.outcomes.with(model, outcome).inc()
    this.#instruments.responses.with(model, outcome === 'cancelled' ? CLIENT_LEFT : String(observation.httpStatus)).inc()
    if (preprocessS !== undefined) this.#preprocess.observe(preprocessS)
    if (scheduleS !== undefined) this.#schedule.observe(scheduleS)
    if (postprocessS !== undefined) this.#postprocess.observe(postprocessS)
    if (prediction !== undefined) {
      this.#tokens(observation, prediction.promptTokens)
      this.#predictedTtft.observe(prediction.predictedTtftMs / 1000)
    }
    const verdict = judge(observation, tpotS, this.#objective)
    if (verdict !== undefined) this.#judged(verdict)
  }

  /** Of a request that was sent to an engine: what `usage` says, else what was estimated before and counted in passing. */
  #tokens({ inputTokens, outputTokens, contentEvents }: RequestObservation, estimatedTokens: number): void {
    const input = inputTokens ?? estimatedTokens
    const output = outputTokens ?? contentEvents
    this.#promptTokens.inc(input)
    this.#completionTokens.inc(output)
    this.#endedInput.observe(input)
    this.#endedOutput.observe(output)
  }

  #judged(verdict: Verdict): void {
    // Every series from the first request on: a rate over one that begins at 1 misses the first.
    this.#slo ??= new SloCells(this.#instruments, this.#names)
    this.#slo.judged(verdict)
  }
}

/** Goodput of one model, and the endpoint picker's count of what was missed. */
class SloCells {
  readonly #requests: Readonly<Record<Verdict, CounterCell>>
  readonly #late: CounterCell
  readonly #slow: CounterCell

  constructor({ sloRequests, sloViolations }: RequestInstruments, names: readonly [model: string, targetModel: string]) {
    const [model] = names
    this.#requests = {
      none: sloRequests.with(model, 'good', 'none'),
      ttft: sloRequests.with(model, 'bad', 'ttft'),
      tpot: sloRequests.with(model, 'bad', 'tpot'),
      ttft_tpot: sloRequests.with(model, 'bad', 'ttft_tpot'),
      error: sloRequests.with(model, 'bad', 'error'),
    }
    this.#late = sloViolations.with(...PREDICTOR, ...names, 'ttft')
    this.#slow = sloViolations.with(...PREDICTOR, ...names, 'tpot')
  }

  judged(verdict: Verdict): void {
    this.#requests[verdict].inc()
    if (verdict === 'ttft' || verdict === 'ttft_tpot') this.#late.inc()
    if (verdict === 'tpot' || verdict === 'ttft_tpot') this.#slow.inc()
  }
}

/** In the place of a status, where there was no answer. SOURCE: reference/llumnix.md §1A. */
const NETWORK_ERROR = 'network_error'

/** The status of a request whose client left, whatever it had got before. SOURCE: reference/llumnix.md §1A. */
const CLIENT_LEFT = '499'

/** The series of one model, tenant and priority. */
class LabelledSeries implements RequestSeries {
  readonly #errors: Instrument<CounterCell>
  readonly #labels: readonly string[]
  readonly #ofModel: ModelSeries
  readonly #listener: SeriesListener
  readonly #running: GaugeCell
  readonly #requests: CounterCell
  readonly #requestBytes: HistogramCell
  readonly #responseBytes: LateHistogram
  readonly #inputTokens: LateHistogram
  readonly #outputTokens: LateHistogram
  readonly #cachedTokens: LateHistogram
  readonly #duration: LateHistogram
  readonly #ntpot: LateHistogram
  readonly #ttftStreamed: LateHistogram
  readonly #ttftWhole: LateHistogram
  readonly #tpot: LateHistogram
  readonly #itl: LateHistogram
  #showsErrors = false

  constructor(
    instruments: RequestInstruments,
    labels: readonly string[],
    others: { readonly ofModel: ModelSeries; readonly listener: SeriesListener },
  ) {
    const late = (instrument: Instrument<HistogramCell>, ...further: string[]) => new LateHistogram(() => instrument.with(...labels, ...further))
    this.#errors = instruments.errors
    this.#labels = labels
    this.#ofModel = others.ofModel
    this.#listener = others.listener
    this.#running = instruments.running.with(...labels)
    this.#requests = instruments.requests.with(...labels)
    this.#requestBytes = instruments.requestBytes.with(...labels)
    this.#responseBytes = late(instruments.responseBytes)
    this.#inputTokens = late(instruments.inputTokens)
    this.#outputTokens = late(instruments.outputTokens)
    this.#cachedTokens = late(instruments.cachedTokens)
    this.#duration = late(instruments.duration)
    this.#ntpot = late(instruments.ntpot)
    this.#ttftStreamed = late(instruments.ttft, 'true')
    this.#ttftWhole = late(instruments.ttft, 'false')
    this.#tpot = late(instruments.tpot)
    this.#itl = late(instruments.itl)
  }

  began(): void {
    this.#running.add(1)
  }

  contentGap(seconds: number): void {
    this.#itl.observe(seconds)
  }

  retried(reason: string, status: number | undefined): void {
    this.#ofModel.retried(status)
    this.#listener.retried(reason)
  }

  ended(observation: RequestObservation): void {
    const { outcome, errorCode = 'Unknown' } = observation
    this.#running.add(-1)
    this.#requests.inc()
    if (outcome === 'error' || outcome === 'rejected') this.#errors.with(...this.#labels, errorCode).inc()
    else if (!this.#showsErrors) {
      // A series at 0 for what has had no error yet: a ratio over it is 0 then, not empty.
      this.#errors.with(...this.#labels, 'ModelServerError').inc(0)
      this.#showsErrors = true
    }
    this.#observeSizes(observation)
    this.#ofModel.ended(observation, this.#observeTimes(observation))
    this.#listener.ended(observation)
  }

  #observeSizes({ outcome, requestBytes, responseBytes, inputTokens = 0, outputTokens = 0, cachedTokens }: RequestObservation): void {
    this.#requestBytes.observe(requestBytes)
    // A rejection's body is our own, not an answer; without a byte relayed there was none.
    if (outcome === 'ok' || (outcome !== 'rejected' && responseBytes > 0)) this.#responseBytes.observe(responseBytes)
    if (inputTokens > 0) this.#inputTokens.observe(inputTokens)
    if (outputTokens > 0) this.#outputTokens.observe(outputTokens)
    if (cachedTokens !== undefined) this.#cachedTokens.observe(cachedTokens)
  }

  /** Answers the time per output token, undefined where it has none. */
  #observeTimes({ outcome, streaming, durationS, ttftS, outputTokens = 0 }: RequestObservation): number | undefined {
    const isOk = outcome === 'ok'
    if (streaming && ttftS !== undefined) this.#ttftStreamed.observe(ttftS)
    else if (!streaming && isOk) this.#ttftWhole.observe(durationS)
    if (!isOk) return undefined
    this.#duration.observe(durationS)
    if (outputTokens > 0) this.#ntpot.observe(durationS / outputTokens)
    if (!streaming || ttftS === undefined || outputTokens <= 1) return undefined
    const tpotS = Math.max(0, durationS - ttftS) / (outputTokens - 1)
    this.#tpot.observe(tpotS)
    return tpotS
  }
}

/** A distribution whose series exists from its first observation on: one that nothing has to say about is not shown. */
class LateHistogram implements HistogramCell {
  readonly #create: () => HistogramCell
  #cell: HistogramCell | undefined

  constructor(create: () => HistogramCell) {
    this.#create = create
  }

  observe(value: number): void {
    this.#cell ??= this.#create()
    this.#cell.observe(value)
  }
}
