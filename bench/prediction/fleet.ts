import { assert, seededRandom, VirtualClock } from '@signalbox/base'
import { Engine, type EngineOptions } from '@signalbox/engine'
import { type Assignment, policies, type RequestSummary, Scheduler } from '@signalbox/scheduler'
import { promptPrefix } from '../../packages/gateway/src/prompt-prefix.ts'
import { RequestScanner } from '../../packages/gateway/src/request-scanner.ts'
import { type Arrival, model } from './conversations.ts'

/** What was predicted when it was dispatched, and what was delivered. */
export interface Outcome {
  readonly endpoint: number
  readonly promptBytes: number
  readonly promptTokens: number
  /** Of the prompt, in blocks of the index. */
  readonly hitBytes: number
  readonly predictedPromptTokens: number
  readonly predictedCachedTokens: number
  readonly cachedTokens: number
}

/** Told in order of time: what other ways to predict can learn from. */
export interface Witness {
  dispatched(index: number, endpoint: number, summary: RequestSummary): void
  ended(index: number, endpoint: number, cachedTokens: number): void
}

export interface FleetOptions {
  readonly endpoints: number
  readonly engine: EngineOptions
  /** As recorded, or each request after the one before it has ended. */
  readonly timing: 'recorded' | 'one-by-one'
  readonly witness?: Witness
  /** Of ties. Default 1. */
  readonly seed?: number
}

const POLL_MS = 1000

interface Place {
  readonly id: string
  readonly engine: Engine
  stepEndMs: number
}

/** Sends the requests through scanner, prefix hashes and scheduler (`least-cost`) to engines in virtual time. Answers in their order. */
export function runFleet(arrivals: readonly Arrival[], options: FleetOptions): Outcome[] {
  const clock = new VirtualClock(0)
  const random = seededRandom(options.seed ?? 1)
  const plugin = policies.get('least-cost')
  assert(plugin !== undefined, 'least-cost is registered')
  const scheduler = new Scheduler({}, { clock, random, policy: plugin.create(undefined, { random }) })
  const scanner = new RequestScanner()
  const places: Place[] = Array.from({ length: options.endpoints }, (_, index) => ({
    id: `engine-${index}`,
    engine: new Engine(options.engine, seededRandom(index)),
    stepEndMs: Number.POSITIVE_INFINITY,
  }))
  scheduler.setEndpoints(places.map(({ id }) => ({ id, url: `http://${id}:8000`, simulated: true })))
  const outcomes: Outcome[] = []
  const underway = new Map<string, { index: number; place: number; assignment: Assignment; promptBytes: number }>()
  let nextPollMs = 0
  let next = 0

  const begin = (place: Place) => {
    if (place.stepEndMs < Number.POSITIVE_INFINITY) return
    const durationMs = place.engine.beginStep(clock.nowMs())
    if (durationMs !== undefined) place.stepEndMs = clock.nowMs() + durationMs
  }
  const poll = () => {
    for (const { id, engine } of places) {
      const kvCapacityTokens = (options.engine.blocksTotal - 1) * options.engine.blockTokens
      const { running: runningRequests, waiting: waitingRequests, kvUsageRatio } = engine
      scheduler.stateObserved(
        id,
        { runningRequests, waitingRequests, kvUsageRatio, kvCapacityTokens, models: [model], adaptersLoaded: [] },
        clock.nowMs(),
      )
    }
  }
  const dispatch = (index: number) => {
    const { body, promptTokens, answerTokens } = arrivals[index] as Arrival
    const id = `request-${index}`
    const summary = summaryOf(id, body, scanner)
    const picked = scheduler.pick(summary, [])
    assert(picked.ok, 'an endpoint takes the request')
    const place = places.findIndex((one) => one.id === picked.assignment.endpoint.id)
    options.witness?.dispatched(index, place, summary)
    underway.set(id, { index, place, assignment: picked.assignment, promptBytes: summary.promptBytes })
    const { engine } = places[place] as Place
    const submitted = engine.submit({ id, promptTokens, answerTokens, finishReason: 'stop', cacheSeed: '' }, clock.nowMs())
    assert(submitted.ok, submitted.ok ? '' : submitted.error.message)
    begin(places[place] as Place)
  }
  const endStep = (place: Place) => {
    place.stepEndMs = Number.POSITIVE_INFINITY
    for (const event of place.engine.endStep(clock.nowMs())) {
      const found = underway.get(event.id)
      assert(found !== undefined, `unknown ${event.id}`)
      const { index, assignment, promptBytes } = found
      if (event.type === 'token') {
        if (event.index === 0) assignment.firstContent()
        continue
      }
      const promptTokens = arrivals[index]?.promptTokens.length as number
      const { cachedTokens } = event
      options.witness?.ended(index, found.place, cachedTokens)
      assignment.end({ kind: 'finished', promptTokens, completionTokens: event.outputTokens, cachedTokens })
      underway.delete(event.id)
      const { predictedCachedTokens, predictedHitBytes: hitBytes, promptTokens: predictedPromptTokens } = assignment
      outcomes[index] = { endpoint: found.place, promptBytes, promptTokens, hitBytes, predictedPromptTokens, predictedCachedTokens, cachedTokens }
    }
    begin(place)
  }

  while (next < arrivals.length || underway.size > 0) {
    const stepping = places.reduce((first, place) => (place.stepEndMs < first.stepEndMs ? place : first))
    const isFree = options.timing === 'recorded' || underway.size === 0
    const arrivalMs = next >= arrivals.length || !isFree ? Number.POSITIVE_INFINITY : Math.max(clock.nowMs(), dueMs(next))
    // Nobody polls through the days that lie between two recordings.
    if (underway.size === 0 && arrivalMs > nextPollMs + 60_000) nextPollMs = arrivalMs
    clock.advance(Math.max(0, Math.min(arrivalMs, stepping.stepEndMs, nextPollMs) - clock.nowMs()))
    if (nextPollMs <= clock.nowMs()) {
      poll()
      nextPollMs = clock.nowMs() + POLL_MS
    } else if (stepping.stepEndMs <= clock.nowMs()) endStep(stepping)
    else dispatch(next++)
  }
  return outcomes

  function dueMs(index: number): number {
    return options.timing === 'recorded' ? (arrivals[index]?.atMs ?? 0) : clock.nowMs()
  }
}

/** What the gateway's own path makes of a body. */
function summaryOf(id: string, body: Buffer, scanner: RequestScanner): RequestSummary {
  const scanned = scanner.scan(body)
  assert(scanned.ok, 'the body is a request')
  const { promptBytes, prefixHashes } = promptPrefix(body, scanned.value)
  return {
    id,
    path: '/v1/chat/completions',
    model: scanned.value.model ?? '',
    stream: true,
    priority: 0,
    fairnessId: '',
    promptBytes,
    images: 0,
    prefixHashes,
    outputTokensMax: undefined,
  }
}
