import type { Segment } from '../prompt.ts'
import type { Trace, TraceRequest } from '../trace.ts'

/** Ids below belong to one trace; those above are hashes of contents. */
const LOCAL_IDS = 2 ** 32

/**
 * Several traces as one: trace i begins at `startsMs[i]` (0 where there is none). Segments that are named by their content stay shared; others, and sessions, are told
 * apart. For recordings of one session a file.
 */
export function joinedTraces(name: string, traces: readonly Trace[], startsMs: readonly number[]): Trace {
  const requests: TraceRequest[] = []
  let ids = 0
  let sessions = 0
  traces.forEach((trace, at) => {
    const first = requests.length
    const idsBefore = ids
    const sessionsBefore = sessions
    const moved = (segment: Segment): Segment => {
      if (segment.id >= LOCAL_IDS) return segment
      ids = Math.max(ids, idsBefore + segment.id + 1)
      return { id: idsBefore + segment.id, tokens: segment.tokens }
    }
    for (const request of trace.requests) {
      if (request.session >= 0) sessions = Math.max(sessions, sessionsBefore + request.session + 1)
      requests.push({
        ...request,
        atMs: request.atMs + (startsMs[at] ?? 0),
        prompt: { segments: request.prompt.segments.map(moved), tokens: request.prompt.tokens },
        output: moved(request.output),
        session: request.session < 0 ? -1 : request.session + sessionsBefore,
        after: request.after === undefined ? undefined : { ...request.after, index: request.after.index + first },
      })
    }
  })
  return {
    name,
    source: [...new Set(traces.map((trace) => trace.source))].join('+'),
    hasPrefixes: traces.some((trace) => trace.hasPrefixes),
    requests: inOrder(requests),
    notes: [...new Set(traces.flatMap((trace) => trace.notes))],
  }
}

/** The requests by arrival, from 0 ms, ties in the order given; `after` follows the requests to their new places. */
export function inOrder(requests: readonly TraceRequest[]): readonly TraceRequest[] {
  const order = requests.map((_, index) => index).sort((a, b) => atMsOf(requests, a) - atMsOf(requests, b) || a - b)
  const startMs = order.length === 0 ? 0 : atMsOf(requests, order[0] as number)
  const places = new Uint32Array(requests.length)
  order.forEach((index, place) => {
    places[index] = place
  })
  return order.map((index) => {
    const request = requests[index] as TraceRequest
    const after = request.after === undefined ? undefined : { ...request.after, index: places[request.after.index] as number }
    return { ...request, atMs: request.atMs - startMs, after }
  })
}

function atMsOf(requests: readonly TraceRequest[], index: number): number {
  return (requests[index] as TraceRequest).atMs
}
