import { assert, type Clock } from '@signalbox/base'
import { EventQueue, type QueuedEvent } from './event-queue.ts'

/** What can happen in a simulation. Places are those of endpoints and gateways, from 0; requests go by their index in the trace. */
export interface Happenings {
  arrived(request: number): void
  /** The request reaches the engine that was chosen. */
  reachedEngine(request: number): void
  /** `life`: of the engine when the step began; a dead one's step means nothing. */
  stepEnded(endpoint: number, life: number): void
  /** Something that the engine waited for may be there. */
  engineReady(endpoint: number): void
  pollDue(endpoint: number, gateway: number): void
  messageDue(): void
  engineStops(endpoint: number): void
  engineStarts(endpoint: number): void
}

const ARRIVAL = 0
const AT_ENGINE = 1
const STEP_END = 2
const ENGINE_READY = 3
const POLL = 4
const MESSAGE = 5
const ENGINE_STOP = 6
const ENGINE_START = 7

/** What is to happen when, and the clock, which stands at what happened last. */
export class Agenda implements Clock {
  readonly #queue = new EventQueue()
  readonly #event: QueuedEvent = { atMs: 0, kind: 0, subject: 0, tag: 0 }
  #nowMs: number
  #arrivalsAhead = 0

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  /** Arrivals that are noted and have not happened. */
  get arrivalsAhead(): number {
    return this.#arrivalsAhead
  }

  arrival(atMs: number, request: number): void {
    this.#arrivalsAhead += 1
    this.#push(atMs, ARRIVAL, request)
  }

  atEngine(atMs: number, request: number): void {
    this.#push(atMs, AT_ENGINE, request)
  }

  stepEnd(atMs: number, endpoint: number, life: number): void {
    this.#push(atMs, STEP_END, endpoint, life)
  }

  engineReady(atMs: number, endpoint: number): void {
    this.#push(atMs, ENGINE_READY, endpoint)
  }

  poll(atMs: number, endpoint: number, gateway: number): void {
    this.#push(atMs, POLL, endpoint, gateway)
  }

  message(atMs: number): void {
    this.#push(atMs, MESSAGE, 0)
  }

  engineStop(atMs: number, endpoint: number): void {
    this.#push(atMs, ENGINE_STOP, endpoint)
  }

  engineStart(atMs: number, endpoint: number): void {
    this.#push(atMs, ENGINE_START, endpoint)
  }

  /** The clock moves to the earliest event, and it happens. There must be one. */
  next(happenings: Happenings): void {
    assert(this.#queue.pop(this.#event), 'requests are under way and nothing is to happen')
    const { atMs, kind, subject, tag } = this.#event
    this.#nowMs = atMs
    switch (kind) {
      case ARRIVAL:
        this.#arrivalsAhead -= 1
        happenings.arrived(subject)
        break
      case AT_ENGINE:
        happenings.reachedEngine(subject)
        break
      case STEP_END:
        happenings.stepEnded(subject, tag)
        break
      case ENGINE_READY:
        happenings.engineReady(subject)
        break
      case POLL:
        happenings.pollDue(subject, tag)
        break
      case MESSAGE:
        happenings.messageDue()
        break
      case ENGINE_STOP:
        happenings.engineStops(subject)
        break
      case ENGINE_START:
        happenings.engineStarts(subject)
        break
      default:
        assert(false, `an event of kind ${kind}`)
    }
  }

  /** What is late happens now: nothing happens in the past. */
  #push(atMs: number, kind: number, subject: number, tag = 0): void {
    this.#queue.push(Math.max(this.#nowMs, atMs), kind, subject, tag)
  }
}
