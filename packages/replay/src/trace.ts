import type { Random } from '@signalbox/base'
import type { Prompt, Segment } from './prompt.ts'

/** One request of a trace: what is asked, when, and how much is answered. */
export interface TraceRequest {
  /** Milliseconds from the trace's start; of a follow-up the earliest arrival. Never decreases along a trace. */
  readonly atMs: number
  readonly prompt: Prompt
  /** What it generates. A follow-up's prompt may contain this segment. */
  readonly output: Segment
  /** Empty: whatever the fleet serves. */
  readonly model: string
  /** Which conversation it belongs to; -1: none. */
  readonly session: number
  /** It arrives `thinkMs` after request `index`, which is earlier in the list, has ended, but not before `atMs`. */
  readonly after: { readonly index: number; readonly thinkMs: number } | undefined
  /** Lower is served earlier, 0 is usual. */
  readonly priority: number
  readonly stream: boolean
}

/** A list of requests in order of arrival, and what is to be known about it. */
export interface Trace {
  readonly name: string
  /** Which format or shape it comes from, for reports. */
  readonly source: string
  /** Whether it says what prompts share. Without it every prompt is unique, and the trace shows load balance only. */
  readonly hasPrefixes: boolean
  readonly requests: readonly TraceRequest[]
  /** What was left out or made up in reading it, a sentence each. */
  readonly notes: readonly string[]
}

/** Why a file is no trace. `message` is the whole sentence, with file, line and field. */
export interface TraceError {
  /** From 1; 0: the file as a whole. */
  readonly line: number
  /** Empty: the line as a whole. */
  readonly field: string
  readonly message: string
}

/** The trace with arrival and think times multiplied by `factor` (> 0): 0.5 is twice the load. */
export function timeScaled(trace: Trace, factor: number): Trace {
  const requests = trace.requests.map((request) => ({
    ...request,
    atMs: request.atMs * factor,
    after: request.after === undefined ? undefined : { index: request.after.index, thinkMs: request.after.thinkMs * factor },
  }))
  return { ...trace, requests }
}

/** The trace with a priority from 0 to `levels` - 1 drawn for each request, as if so many kinds of users had sent it. */
export function withPriorities(trace: Trace, levels: number, random: Random): Trace {
  return { ...trace, requests: trace.requests.map((request) => ({ ...request, priority: Math.floor(random.next() * levels) })) }
}
