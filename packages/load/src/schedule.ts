import type { Trace } from '@signalbox/replay'
import { DueQueue } from './due-queue.ts'

/** A request that is to be sent, and when: ms from the run's start. */
export interface Due {
  readonly index: number
  readonly dueMs: number
}

/** Decides what is sent when. Times are ms from the run's start; a pure function of what it is told. */
export interface Schedule {
  /** Takes the next request that is due at `nowMs` or before; undefined: none is. */
  take(nowMs: number): Due | undefined
  /** When the next one is due; undefined: not before one that is running has ended. */
  nextDueMs(): number | undefined
  /** Request `index` has ended, well or not. */
  ended(index: number, nowMs: number): void
}

/**
 * Open loop: requests come at the trace's times whatever the server does; follow-ups come their think time after what they follow has ended,
 * also when that failed: the load stays what the trace says.
 */
export class OpenSchedule implements Schedule {
  readonly #trace: Trace
  readonly #followers: Followers
  readonly #due = new DueQueue()
  #next = 0

  constructor(trace: Trace) {
    this.#trace = trace
    this.#followers = new Followers(trace)
    this.#skipFollowUps()
  }

  take(nowMs: number): Due | undefined {
    const arrivalMs = this.#arrivalMs
    const followUp = this.#due.peek()
    if (followUp !== undefined && followUp.dueMs <= arrivalMs) return followUp.dueMs <= nowMs ? this.#due.pop() : undefined
    if (arrivalMs > nowMs) return undefined
    const due = { index: this.#next, dueMs: arrivalMs }
    this.#next += 1
    this.#skipFollowUps()
    return due
  }

  nextDueMs(): number | undefined {
    const dueMs = Math.min(this.#arrivalMs, this.#due.peek()?.dueMs ?? Number.POSITIVE_INFINITY)
    return dueMs === Number.POSITIVE_INFINITY ? undefined : dueMs
  }

  ended(index: number, nowMs: number): void {
    for (const follower of this.#followers.of(index)) {
      const request = this.#trace.requests[follower]
      this.#due.push({ index: follower, dueMs: Math.max(request?.atMs ?? 0, nowMs + (request?.after?.thinkMs ?? 0)) })
    }
  }

  get #arrivalMs(): number {
    return this.#trace.requests[this.#next]?.atMs ?? Number.POSITIVE_INFINITY
  }

  #skipFollowUps(): void {
    while (this.#trace.requests[this.#next]?.after !== undefined) this.#next += 1
  }
}

/** How many users there are, and how long each waits between an answer and its next request. */
export interface Users {
  readonly count: number
  /** Undefined: follow-ups wait the trace's think times, other requests nothing. */
  readonly thinkMs?: number | undefined
}

/**
 * Closed loop: each of a number of users sends a request, waits for its answer, thinks, and goes on with what follows it, or with the trace's next
 * request that follows none. Arrival times mean nothing, their order does. Where several requests follow one, the others go to whoever is free.
 */
export class ClosedSchedule implements Schedule {
  readonly #trace: Trace
  readonly #thinkMs: number | undefined
  readonly #followers: Followers
  readonly #due = new DueQueue()
  readonly #unclaimed: number[] = []
  /** Users who found nothing to send. */
  #idle = 0
  #next = 0

  constructor(trace: Trace, users: Users) {
    this.#trace = trace
    this.#thinkMs = users.thinkMs
    this.#followers = new Followers(trace)
    for (let user = 0; user < users.count; user++) this.#claim(0)
  }

  take(nowMs: number): Due | undefined {
    const first = this.#due.peek()
    return first !== undefined && first.dueMs <= nowMs ? this.#due.pop() : undefined
  }

  nextDueMs(): number | undefined {
    return this.#due.peek()?.dueMs
  }

  ended(index: number, nowMs: number): void {
    const [own, ...others] = this.#followers.of(index)
    this.#unclaimed.push(...others)
    if (own === undefined) this.#claim(nowMs + (this.#thinkMs ?? 0))
    else this.#due.push({ index: own, dueMs: nowMs + (this.#thinkMs ?? this.#trace.requests[own]?.after?.thinkMs ?? 0) })
    while (this.#idle > 0 && this.#unclaimed.length > 0) {
      this.#idle -= 1
      this.#claim(nowMs)
    }
  }

  /** A user takes the next request for `dueMs`, or goes idle. */
  #claim(dueMs: number): void {
    const index = this.#unclaimed.shift() ?? this.#nextFirst()
    if (index === undefined) this.#idle += 1
    else this.#due.push({ index, dueMs })
  }

  #nextFirst(): number | undefined {
    const { requests } = this.#trace
    while (requests[this.#next]?.after !== undefined) this.#next += 1
    if (this.#next >= requests.length) return undefined
    this.#next += 1
    return this.#next - 1
  }
}

/** Which requests follow which. */
class Followers {
  readonly #byIndex = new Map<number, number[]>()

  constructor(trace: Trace) {
    trace.requests.forEach(({ after }, index) => {
      if (after === undefined) return
      const known = this.#byIndex.get(after.index)
      if (known === undefined) this.#byIndex.set(after.index, [index])
      else known.push(index)
    })
  }

  of(index: number): readonly number[] {
    return this.#byIndex.get(index) ?? []
  }
}
