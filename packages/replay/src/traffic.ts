import { EventQueue, type QueuedEvent } from './event-queue.ts'
import type { TraceRequest } from './trace.ts'

const NONE = -1

/** Requests that a fixed number of clients send, each its next one when the last has ended; times of the trace are ignored. */
export interface ClosedLoop {
  readonly concurrency: number
}

/** Says when which request of a trace arrives: `arrive` is called with each, which may be told of at once or later, in order of time. */
export interface Traffic {
  /** The first requests. */
  start(arrive: (index: number, atMs: number) => void): void
  /** Request `index` arrived: what follows it in the trace. */
  arrived(index: number, arrive: (index: number, atMs: number) => void): void
  /** Request `index` ended at `nowMs`, well or not: what waited for that. */
  ended(index: number, nowMs: number, arrive: (index: number, atMs: number) => void): void
  /** Before this time nothing arrives by itself, when nothing is under way and all that was told of has arrived. */
  readonly nextMs: number
}

/** As recorded: each at its time, a follow-up when its predecessor has ended and the think time is over. */
export class RecordedTraffic implements Traffic {
  readonly #requests: readonly TraceRequest[]
  readonly #followUps: FollowUps
  /** The next one that is no follow-up. */
  #next = 0

  constructor(requests: readonly TraceRequest[]) {
    this.#requests = requests
    this.#followUps = new FollowUps(requests)
    this.#skipFollowUps()
  }

  get nextMs(): number {
    return this.#requests[this.#next]?.atMs ?? Number.POSITIVE_INFINITY
  }

  start(arrive: (index: number, atMs: number) => void): void {
    this.#arriveNext(arrive)
  }

  arrived(index: number, arrive: (index: number, atMs: number) => void): void {
    if (index === this.#next) {
      this.#next += 1
      this.#skipFollowUps()
      this.#arriveNext(arrive)
    }
  }

  ended(index: number, nowMs: number, arrive: (index: number, atMs: number) => void): void {
    for (let at = this.#followUps.first(index); at !== NONE; at = this.#followUps.next(at)) {
      const { atMs, after } = this.#requests[at] as TraceRequest
      arrive(at, Math.max(atMs, nowMs + (after?.thinkMs ?? 0)))
    }
  }

  #arriveNext(arrive: (index: number, atMs: number) => void): void {
    const request = this.#requests[this.#next]
    if (request !== undefined) arrive(this.#next, request.atMs)
  }

  #skipFollowUps(): void {
    while (this.#requests[this.#next]?.after !== undefined) this.#next += 1
  }
}

/** In the trace's order by a fixed number of clients; a follow-up takes its turn once its predecessor has ended, without think time. */
export class ClosedTraffic implements Traffic {
  readonly #followUps: FollowUps
  /** Requests that may be sent, ordered by their place in the trace. */
  readonly #ready = new EventQueue()
  readonly #taken: QueuedEvent = { atMs: 0, kind: 0, subject: 0, tag: 0 }
  #idleClients: number

  constructor(requests: readonly TraceRequest[], loop: ClosedLoop) {
    this.#followUps = new FollowUps(requests)
    this.#idleClients = loop.concurrency
    requests.forEach((request, index) => {
      if (request.after === undefined) this.#ready.push(index, 0, index)
    })
  }

  get nextMs(): number {
    return Number.POSITIVE_INFINITY
  }

  start(arrive: (index: number, atMs: number) => void): void {
    this.#send(0, arrive)
  }

  arrived(): void {
    // Clients send when something ends.
  }

  ended(index: number, nowMs: number, arrive: (index: number, atMs: number) => void): void {
    for (let at = this.#followUps.first(index); at !== NONE; at = this.#followUps.next(at)) this.#ready.push(at, 0, at)
    this.#idleClients += 1
    this.#send(nowMs, arrive)
  }

  #send(nowMs: number, arrive: (index: number, atMs: number) => void): void {
    while (this.#idleClients > 0 && this.#ready.pop(this.#taken)) {
      this.#idleClients -= 1
      arrive(this.#taken.subject, nowMs)
    }
  }
}

/** Who follows whom: a list for each request, linked through two columns. */
class FollowUps {
  readonly #first: Int32Array
  readonly #next: Int32Array

  constructor(requests: readonly TraceRequest[]) {
    this.#first = new Int32Array(requests.length).fill(NONE)
    this.#next = new Int32Array(requests.length).fill(NONE)
    for (let at = requests.length - 1; at >= 0; at -= 1) {
      const after = requests[at]?.after
      if (after === undefined) continue
      this.#next[at] = this.first(after.index)
      this.#first[after.index] = at
    }
  }

  /** NONE: nobody. */
  first(index: number): number {
    return this.#first[index] ?? NONE
  }

  next(index: number): number {
    return this.#next[index] ?? NONE
  }
}
