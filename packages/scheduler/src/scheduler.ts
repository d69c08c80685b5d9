import { assert, type Clock, type Random } from '@signalbox/base'
import { type Assignment, type AssignmentEvents, type AssignmentOutcome, ReportingAssignment } from './assignment.ts'
import { CandidateFilter } from './candidate-filter.ts'
import { type Choice, choose } from './choice.ts'
import { CompletionRates } from './completion-rates.ts'
import type { DecisionDraft } from './decision-draft.ts'
import type { AttemptRecord, PolicyLabel } from './decision-record.ts'
import { EndpointTable } from './endpoint-table.ts'
import { atLeastZero, predictedTtftSeconds, queuedTokens, uncachedTokens, waitSeconds } from './estimates.ts'
import { COLUMN, Evidence } from './evidence.ts'
import type { Feed, FeedEvent } from './feed.ts'
import { LearnedValues, PRIORS, TOKENS_MAX } from './learned-values.ts'
import type { Load } from './load.ts'
import { Outstanding, type OwnReservation } from './outstanding.ts'
import { type Policy, TermSheet } from './policy.ts'
import { endpointView, type PoolView, type PrefixIndexView, poolView } from './pool-view.ts'
import { PREFIX_BLOCK_BYTES } from './prefix-hash.ts'
import { indexBlocksOf, PrefixIndex } from './prefix-index.ts'
import { PromptTokens } from './prompt-tokens.ts'
import type { EngineOrder } from './reservations.ts'
import { Slab } from './slab.ts'
import type { EndpointSpec, EndpointView, EngineState, FilterReason, RequestSummary } from './types.ts'

/** What differs between pools; every field has a default. */
export interface SchedulerOptions {
  /** Milliseconds between two polls of an endpoint; state is fresh for three of them. Default 1,000. */
  readonly pollIntervalMs?: number
  /** Endpoints at once, draining ones included. Default 1,024. */
  readonly endpointsMax?: number
  /** Bound of the prefix index. Default 64 MiB, about 2.1 million blocks. */
  readonly indexBytesMax?: number
  /** Default 'fcfs'. */
  readonly engineOrder?: EngineOrder
  /** KV capacity of engines that do not say theirs. Default: not known. */
  readonly kvCapacityTokens?: number
  /** Requests that an engine runs at once. Default 256. */
  readonly slots?: number
}

export interface SchedulerDeps {
  readonly clock: Clock
  readonly random: Random
  readonly policy: Policy
  /** Where other gateways of the fleet hear of what is sent from here. Default: nobody does. */
  readonly feed?: Feed | undefined
}

/** `no-endpoint`: none may take the request now; `unknown-model`: all have said what they serve, and none serves it. */
export type PickResult =
  | { readonly ok: true; readonly assignment: Assignment }
  | { readonly ok: false; readonly code: 'no-endpoint' | 'unknown-model'; readonly detail: string }

/** What is noted of a pick until its request ends. */
interface Ticket {
  readonly request: RequestSummary
  readonly slot: number
  readonly reservation: OwnReservation
  readonly pickedMs: number
  /** Of the predicted TTFT, what does not depend on the prefill rate. */
  readonly expectedSeconds: number
  /** The predicted TTFT without the load of the adapter; NaN where it was loaded. */
  readonly unloadedSeconds: number
  /** Uncached tokens to be computed before the first content, own ones included. */
  readonly tokensAhead: number
  /** Estimated. */
  readonly promptTokens: number
}

/**
 * Chooses an endpoint for each request and reserves the work there at once, so that two requests never see
 * the same empty endpoint. Synchronous, one thread; all state is its own.
 *
 * A pick, without allocation but for the assignment (and the record, when a draft is given):
 *
 *     filter -> evidence (25 values a candidate) -> policy.score -> choose -> reserve
 *
 * Measured (bench; pick and end together, prompts of 4 kB half cached), means: 3 endpoints 3 µs, 16 8 µs,
 * 64 27 µs, 256 105 µs; with a draft and its completion 3 endpoints 5 µs, 64 46 µs.
 */
export class Scheduler {
  readonly #clock: Clock
  readonly #random: Random
  readonly #policy: Policy
  readonly #label: PolicyLabel
  readonly #kvCapacityTokens: number
  readonly #slotsOfEngine: number
  readonly #table: EndpointTable
  readonly #filter: CandidateFilter
  readonly #outstanding: Outstanding
  readonly #load: Load
  readonly #rates: CompletionRates
  readonly #learned: LearnedValues
  readonly #promptTokens = new PromptTokens()
  readonly #index: PrefixIndex
  readonly #evidence = new Evidence()
  readonly #terms: TermSheet
  readonly #slab = new Slab()
  readonly #events: AssignmentEvents<Ticket> = {
    firstContent: (ticket) => this.#firstContent(ticket),
    stepped: ({ slot }, stepMs) => this.#learned.stepObserved(slot, this.#load.decoding(slot), stepMs),
    ended: (ticket, outcome, answered) => this.#ended(ticket, outcome, answered),
  }
  readonly #choice: Choice = { row: 0, runnerUp: -1, tieBrokenBy: 'none' }
  /** Whether the difference of two costs is a time. */
  readonly #costsSeconds: boolean
  /** Of the last search in the index: how long it took, and the most blocks and tokens that a candidate holds. */
  #lookupMs = 0
  #bestBlocks = 0
  #bestCachedTokens = 0

  constructor(options: SchedulerOptions, deps: SchedulerDeps) {
    const slotsMax = options.endpointsMax ?? 1024
    this.#clock = deps.clock
    this.#random = deps.random
    this.#policy = deps.policy
    this.#label = { type: deps.policy.type, terms: deps.policy.terms }
    this.#costsSeconds = deps.policy.terms.every(({ unit }) => unit === 'seconds')
    this.#kvCapacityTokens = options.kvCapacityTokens ?? Number.NaN
    this.#slotsOfEngine = options.slots ?? 256
    this.#table = new EndpointTable({ slotsMax, pollIntervalMs: options.pollIntervalMs ?? 1000 })
    this.#filter = new CandidateFilter(this.#table)
    this.#learned = new LearnedValues(slotsMax)
    this.#rates = new CompletionRates(slotsMax)
    this.#index = new PrefixIndex({ slotsMax, bytesMax: options.indexBytesMax ?? 64 * 1024 * 1024 })
    this.#outstanding = new Outstanding({ slotsMax, order: options.engineOrder ?? 'fcfs', index: this.#index, feed: deps.feed })
    this.#load = this.#outstanding.load
    this.#terms = new TermSheet(deps.policy.terms.length)
  }

  /**
   * The pool from now on. New endpoints join, known ones (by id) keep what was learned, and those that are
   * gone drain: no new requests, and their running ones end as they would. Answers how many did not fit.
   */
  setEndpoints(specs: readonly EndpointSpec[]): number {
    const ids = new Set(specs.map((spec) => spec.id))
    for (let slot = this.#table.slotsEnd - 1; slot >= 0; slot -= 1) {
      const spec = this.#table.spec(slot)
      if (spec === undefined || ids.has(spec.id)) continue
      this.#table.drain(slot)
      this.#freeWhenDrained(slot)
    }
    return specs.filter((spec) => !this.#join(spec)).length
  }

  /** A poll succeeded. `startedMs`: when it began; without it, one poll interval ago. Unknown ids are ignored: it may just have been removed. */
  stateObserved(id: string, state: EngineState, startedMs?: number): void {
    const slot = this.#table.slotOf(id)
    if (slot === undefined) return
    const nowMs = this.#clock.nowMs()
    this.#outstanding.expire(nowMs)
    const own = { inFlight: this.#load.inFlight(slot), waiting: this.#load.waiting(slot) }
    this.#table.observed(slot, state, { nowMs, startedMs: startedMs ?? this.#table.pollStartAssumed(nowMs), own })
    this.#outstanding.polled(slot)
    this.#learned.stepsPolled(slot, this.#otherStreams(slot, nowMs))
    this.#index.setCapacity(slot, indexBlocksOf(this.#kvCapacityOf(slot), PRIORS.bytesPerToken))
  }

  /**
   * A poll failed. The last good state stays and grows old, which alone never stops dispatch; an endpoint that is
   * `unreachable` (it accepts no connection) is held out until a poll succeeds.
   */
  stateFailed(id: string, reason: string, unreachable = false): void {
    const slot = this.#table.slotOf(id)
    if (slot === undefined) return
    this.#table.pollFailed(slot, reason, unreachable)
    this.#learned.stepsPolled(slot, this.#otherStreams(slot, this.#clock.nowMs()))
  }

  /** A dispatched request failed before its first byte: the endpoint is held out (`EndpointTable` says how long). */
  attemptFailed(id: string, reason: string): void {
    const slot = this.#table.slotOf(id)
    if (slot !== undefined) this.#table.attemptFailed(slot, reason, this.#clock.nowMs())
  }

  /**
   * Another gateway of the fleet, `sibling`, did what `event` says. Endpoints that are not of this pool are ignored; `Siblings` says what lost, doubled
   * and late events leave.
   */
  siblingSaid(sibling: string, event: FeedEvent): void {
    const slot = this.#table.slotOf(event.endpoint)
    if (slot !== undefined) this.#outstanding.siblingSaid(sibling, event, { slot, nowMs: this.#clock.nowMs() })
  }

  /** The sibling stopped, or its events no longer come: what it had reserved is released. */
  siblingGone(sibling: string): void {
    this.#outstanding.siblingGone(sibling)
  }

  /**
   * Chooses and reserves. `tried`: endpoint ids that failed this request already. With a draft, the choice and
   * all that it was made from become an attempt of its record.
   */
  pick(request: RequestSummary, tried: readonly string[], draft?: DecisionDraft): PickResult {
    const nowMs = this.#clock.nowMs()
    this.#outstanding.expire(nowMs)
    this.#filter.run({ model: request.model, tried, nowMs })
    const { passed, total } = this.#filter
    if (passed === 0) return this.#refusal(request)
    const rows = draft === undefined ? passed : total
    this.#gather(request, rows, nowMs)
    this.#evidence.rows = passed
    this.#terms.reset(passed)
    this.#policy.score(this.#evidence, this.#terms)
    choose(this.#evidence, this.#terms, this.#random, this.#choice)
    draft?.attempted(this.#attempt(nowMs), this.#label)
    return { ok: true, assignment: this.#assign(request, tried.length === 0, nowMs) }
  }

  endpoints(): readonly EndpointView[] {
    const sources = this.#viewSources()
    return this.#slotsInUse().map((slot) => endpointView(slot, sources))
  }

  /** Means over the endpoints with fresh state that do not drain; NaN without any. */
  pool(): PoolView {
    return poolView(
      this.#slotsInUse().filter((slot) => !this.#table.isDraining(slot)),
      this.#viewSources(),
    )
  }

  /** Whether some endpoint serves the model, or has not said what it serves. A name that fails this is the client's own invention. */
  mayServe(model: string): boolean {
    return this.#filter.mayServe(model)
  }

  /** Names that clients may ask for, sorted. */
  modelsServed(): readonly string[] {
    const slots = this.#slotsInUse().filter((slot) => !this.#table.isDraining(slot))
    return [...new Set(slots.flatMap((slot) => this.#table.models(slot)))].sort()
  }

  /** Blocks in the prefix index, over all endpoints, and how many have entered and left it so far. */
  prefixIndex(): PrefixIndexView {
    return { blocks: this.#index.size, admitted: this.#index.admitted, evicted: this.#index.evicted }
  }

  #join(spec: EndpointSpec): boolean {
    const known = this.#table.slotOf(spec.id) !== undefined
    const slot = this.#table.add(spec)
    if (slot === undefined) return false
    if (known) return true
    this.#learned.resetSlot(slot)
    this.#outstanding.resetSlot(slot)
    this.#rates.resetSlot(slot)
    this.#index.setCapacity(slot, indexBlocksOf(this.#kvCapacityOf(slot), PRIORS.bytesPerToken))
    return true
  }

  #freeWhenDrained(slot: number): void {
    if (!this.#table.isDraining(slot) || this.#outstanding.ownInFlight(slot) > 0) return
    this.#outstanding.resetSlot(slot)
    this.#index.setCapacity(slot, 0)
    this.#table.free(slot)
  }

  #refusal(request: RequestSummary): PickResult {
    if (this.#filter.modelIsUnknown(request.model))
      return { ok: false, code: 'unknown-model', detail: `no endpoint serves the model ${request.model.slice(0, 256)}` }
    return { ok: false, code: 'no-endpoint', detail: this.#filter.account() }
  }

  /** Fills the evidence of the first `rows` slots of the filter. */
  #gather(request: RequestSummary, rows: number, nowMs: number): void {
    const evidence = this.#evidence
    const meanUncached = this.#learned.uncachedTokens(request.model)
    const meanOutput = this.#learned.outputTokens(request.model)
    const stepSeconds = this.#learned.stepSecondsPerStream()
    const adapterMask = this.#table.adapterMask(request.model)
    evidence.reserve(rows)
    this.#lookUp(request.prefixHashes, rows)
    const estimate = this.#promptTokens.estimate(request, this.#bestBlocks)
    const { promptTokens } = estimate
    this.#bestCachedTokens = 0
    for (let row = 0; row < rows; row += 1) {
      const slot = this.#slotOfRow(row)
      const cachedTokens = estimate.cachedTokens(evidence.cachedTokens(row), this.#index.count(slot) > 0)
      if (row < this.#filter.passed) this.#bestCachedTokens = Math.max(this.#bestCachedTokens, cachedTokens)
      this.#gatherEndpoint(row, slot, nowMs)
      evidence.write(row, COLUMN.promptTokens, promptTokens)
      evidence.write(row, COLUMN.cachedTokens, cachedTokens)
      evidence.write(row, COLUMN.meanUncachedTokens, meanUncached)
      evidence.write(row, COLUMN.meanOutputTokens, meanOutput)
      evidence.write(row, COLUMN.stepSecondsPerStream, stepSeconds)
      const loads = lacksAdapter(adapterMask, slot) && evidence.fresh(row)
      evidence.write(row, COLUMN.adapterLoadSeconds, loads ? this.#learned.adapterLoadSeconds() : 0)
    }
  }

  /**
   * Writes the blocks that each of the first `rows` holds of a prompt into the column of cached tokens. In a pass of its own,
   * so that the search is timed with two readings of the clock and not two a candidate.
   */
  #lookUp(hashes: Uint32Array, rows: number): void {
    const beganMs = this.#clock.nowMs()
    const { passed } = this.#filter
    let blocks = 0
    let best = 0
    for (let row = 0; row < rows; row += 1) {
      // Neighbours share prompts, so the last answer is a good place to begin the next search.
      blocks = this.#index.longestPrefix(hashes, this.#slotOfRow(row), blocks)
      if (blocks > best && row < passed) best = blocks
      this.#evidence.write(row, COLUMN.cachedTokens, blocks)
    }
    this.#bestBlocks = best
    this.#lookupMs = this.#clock.nowMs() - beganMs
  }

  #gatherEndpoint(row: number, slot: number, nowMs: number): void {
    const evidence = this.#evidence
    const table = this.#table
    const line = this.#learned.prefillLine(slot, nowMs)
    evidence.write(row, COLUMN.stateFresh, table.isFresh(slot, nowMs) ? 1 : 0)
    evidence.write(row, COLUMN.runningRequests, table.runningRequests(slot))
    evidence.write(row, COLUMN.waitingRequests, table.waitingRequests(slot))
    evidence.write(row, COLUMN.othersRunning, table.othersRunning(slot))
    evidence.write(row, COLUMN.othersWaiting, table.othersWaiting(slot))
    evidence.write(row, COLUMN.kvUsageRatio, table.kvUsageRatio(slot))
    evidence.write(row, COLUMN.kvCapacityTokens, this.#kvCapacityOf(slot))
    evidence.write(row, COLUMN.slots, this.#slotsOfEngine)
    const load = this.#load
    evidence.write(row, COLUMN.inFlight, load.inFlight(slot))
    evidence.write(row, COLUMN.ownWaiting, load.waiting(slot))
    evidence.write(row, COLUMN.ownDecoding, load.decoding(slot))
    evidence.write(row, COLUMN.reservedTokens, load.reservedTokens(slot))
    evidence.write(row, COLUMN.sincePollTokens, load.sincePollTokens(slot))
    evidence.write(row, COLUMN.sincePollRequests, load.sincePollRequests(slot))
    evidence.write(row, COLUMN.lastTurn, this.#outstanding.ownLastTurn(slot))
    evidence.write(row, COLUMN.prefillTokensPerSecond, line.tokensPerSecond)
    evidence.write(row, COLUMN.interceptSeconds, line.interceptSeconds)
    evidence.write(row, COLUMN.freedTokensPerSecond, this.#rates.freedTokensPerSecond(slot))
    evidence.write(row, COLUMN.finishesPerSecond, this.#rates.finishesPerSecond(slot))
  }

  #assign(request: RequestSummary, first: boolean, nowMs: number): Assignment {
    const { row } = this.#choice
    const evidence = this.#evidence
    const slot = this.#slotOfRow(row)
    const endpoint = this.#table.spec(slot)
    assert(endpoint !== undefined, 'a candidate has a specification')
    const uncached = uncachedTokens(evidence, row)
    const tokensAhead = queuedTokens(evidence, row) + uncached
    const adapterSeconds = evidence.adapterLoadSeconds(row)
    const expectedSeconds = waitSeconds(evidence, row) + adapterSeconds
    const predictedSeconds = predictedTtftSeconds(evidence, row)
    const predictedTtftMs = predictedSeconds * 1000
    const loads = evidence.fresh(row) && lacksAdapter(this.#table.adapterMask(request.model), slot)
    const unloadedSeconds = loads ? predictedSeconds - adapterSeconds : Number.NaN
    const promptTokens = evidence.promptTokens(row)
    const cachedTokens = evidence.cachedTokens(row)
    this.#rates.changing(slot, this.#outstanding.ownInFlight(slot), nowMs)
    const dueMs = request.stream ? Number.POSITIVE_INFINITY : nowMs + 2 * predictedTtftMs
    const work = { tokens: uncached, outputTokens: evidence.meanOutputTokens(row), dueMs }
    const reservation = this.#outstanding.open(request, { slot, endpoint: endpoint.id }, work)
    const hitBlocks = this.#index.longestPrefix(request.prefixHashes, slot, this.#bestBlocks)
    this.#index.begin(request.prefixHashes, slot)
    if (first) this.#learned.uncachedObserved(request.model, uncached)
    const prediction = {
      endpoint,
      predictedTtftMs,
      predictedCachedTokens: cachedTokens,
      predictedHitRatio: promptTokens === 0 ? 0 : cachedTokens / promptTokens,
      predictedHitBytes: hitBlocks * PREFIX_BLOCK_BYTES,
      uncachedTokens: uncached,
      promptTokens,
      bestHitRatio: promptTokens === 0 ? 0 : this.#bestCachedTokens / promptTokens,
      bestHitBlocks: this.#bestBlocks,
      lookupMs: this.#lookupMs,
      marginSeconds: this.#marginSeconds(),
    }
    const ticket: Ticket = { request, slot, reservation, pickedMs: nowMs, expectedSeconds, unloadedSeconds, tokensAhead, promptTokens }
    return new ReportingAssignment(prediction, ticket, this.#events)
  }

  /** NaN without a runner-up that could have been chosen, and where costs are no times. */
  #marginSeconds(): number {
    const { row, runnerUp } = this.#choice
    if (!this.#costsSeconds || runnerUp === -1) return Number.NaN
    const margin = this.#terms.cost(runnerUp) - this.#terms.cost(row)
    return margin < Number.POSITIVE_INFINITY ? margin : Number.NaN
  }

  /** Streams that the engine runs beside ours and our siblings', 0 without fresh state. */
  #otherStreams(slot: number, nowMs: number): number {
    if (!this.#table.isFresh(slot, nowMs)) return 0
    return atLeastZero(this.#table.othersRunning(slot))
  }

  #firstContent({ request, slot, reservation, pickedMs, expectedSeconds, unloadedSeconds, tokensAhead }: Ticket): void {
    const nowMs = this.#clock.nowMs()
    this.#outstanding.started(reservation)
    this.#index.confirm(request.prefixHashes, slot)
    this.#table.answered(slot, nowMs)
    if (!request.stream) return
    const observedSeconds = (nowMs - pickedMs) / 1000
    this.#learned.prefillObserved(slot, { tokens: tokensAhead, seconds: Math.max(0, observedSeconds - expectedSeconds), nowMs })
    if (!Number.isNaN(unloadedSeconds)) this.#learned.adapterLoadObserved(observedSeconds - unloadedSeconds)
  }

  #ended({ request, slot, reservation, promptTokens }: Ticket, outcome: AssignmentOutcome, answered: boolean): void {
    const nowMs = this.#clock.nowMs()
    const finished = outcome.kind === 'finished'
    this.#rates.changing(slot, this.#outstanding.ownInFlight(slot), nowMs)
    this.#outstanding.ended(reservation, { finished, answered })
    if (finished) this.#finished(request, slot, outcome, promptTokens)
    if (!answered && finished) {
      this.#index.confirm(request.prefixHashes, slot)
      this.#table.answered(slot, nowMs)
    } else if (!answered) this.#index.withdraw(request.prefixHashes, slot)
    this.#freeWhenDrained(slot)
  }

  #finished(request: RequestSummary, slot: number, outcome: AssignmentOutcome, promptTokensEstimated: number): void {
    const promptTokens = plausible(outcome.promptTokens)
    const completionTokens = plausible(outcome.completionTokens)
    if (promptTokens !== undefined) this.#promptTokens.observed(request, promptTokens)
    if (completionTokens !== undefined) this.#learned.outputObserved(request.model, completionTokens)
    this.#rates.finished(slot, (promptTokens ?? promptTokensEstimated) + (completionTokens ?? 0))
  }

  /** Copies the scratch sheets into a record. */
  #attempt(nowMs: number): AttemptRecord {
    const { passed, total } = this.#filter
    const endpoints: string[] = []
    const filters: (FilterReason | null)[] = []
    const filterDetails: (string | null)[] = []
    const stateAgesMs = this.#slab.take(total)
    for (let row = 0; row < total; row += 1) {
      const slot = this.#slotOfRow(row)
      endpoints.push(this.#table.spec(slot)?.id ?? '')
      filters.push(this.#filter.reason(slot))
      filterDetails.push(this.#filter.detail(slot, nowMs))
      stateAgesMs[row] = this.#table.stateAgeMs(slot, nowMs)
    }
    return {
      atMs: nowMs,
      endpoints,
      passed,
      filters,
      filterDetails,
      stateAgesMs,
      evidence: this.#evidence.copy(total, this.#slab),
      terms: this.#terms.copy(passed, this.#slab),
      chosen: this.#choice.row,
      runnerUp: this.#choice.runnerUp,
      tieBrokenBy: this.#choice.tieBrokenBy,
      failure: null,
    }
  }

  #slotOfRow(row: number): number {
    return this.#filter.slots[row] as number
  }

  #kvCapacityOf(slot: number): number {
    const said = this.#table.kvCapacityTokens(slot)
    return Number.isNaN(said) ? this.#kvCapacityTokens : said
  }

  #slotsInUse(): number[] {
    const slots: number[] = []
    for (let slot = 0; slot < this.#table.slotsEnd; slot += 1) if (this.#table.spec(slot) !== undefined) slots.push(slot)
    return slots
  }

  #viewSources() {
    const nowMs = this.#clock.nowMs()
    this.#outstanding.expire(nowMs)
    return {
      table: this.#table,
      outstanding: this.#outstanding,
      learned: this.#learned,
      index: this.#index,
      nowMs,
      kvCapacityOf: (slot: number) => this.#kvCapacityOf(slot),
    }
  }
}

/** An adapter is what some engine reports as one: without any (`mask` undefined) nothing has to be loaded. */
function lacksAdapter(mask: Uint8Array | undefined, slot: number): boolean {
  return mask !== undefined && mask[slot] !== 1
}

/** Tokens as an engine counted them; undefined: no count that a request can have. */
function plausible(tokens: number | undefined): number | undefined {
  return tokens !== undefined && tokens >= 0 && tokens <= TOKENS_MAX ? tokens : undefined
}
