import type { Segment } from './prompt.ts'
import type { Trace } from './trace.ts'

/** What a trace is like, for a report's head. */
export interface TraceSummary {
  readonly requests: number
  /** From the first arrival to the last, think times counted, answers not. */
  readonly spanMs: number
  readonly promptTokensMean: number
  readonly outputTokensMean: number
  /** Share of all prompt tokens that lie in a prefix which an earlier prompt, or prompt and answer, had: what one endless cache would hit. */
  readonly sharingRatio: number
  /** Distinct sessions; requests without one are not counted. */
  readonly sessions: number
}

/** Looks at every segment once; holds one number a distinct prefix. */
export function traceSummary(trace: Trace): TraceSummary {
  const seen = new SeenPrefixes()
  const sessions = new Set<number>()
  let promptTokens = 0
  let outputTokens = 0
  let sharedTokens = 0
  for (const { prompt, output, session } of trace.requests) {
    sharedTokens += seen.shared(prompt.segments)
    seen.add(prompt.segments, output)
    promptTokens += prompt.tokens
    outputTokens += output.tokens
    if (session !== -1) sessions.add(session)
  }
  const requests = trace.requests.length
  return {
    requests,
    spanMs: trace.requests.at(-1)?.atMs ?? 0,
    promptTokensMean: requests === 0 ? 0 : promptTokens / requests,
    outputTokensMean: requests === 0 ? 0 : outputTokens / requests,
    sharingRatio: promptTokens === 0 ? 0 : sharedTokens / promptTokens,
    sessions: sessions.size,
  }
}

/** The prefixes that were there, as a tree whose edges are segments: for each node and segment id the longest run seen. */
class SeenPrefixes {
  readonly #longest = new Map<number, number>()

  /** Tokens of the longest known prefix. */
  shared(segments: readonly Segment[]): number {
    let node = 0
    let tokens = 0
    for (const segment of segments) {
      const known = this.#longest.get(edgeOf(node, segment.id)) ?? 0
      tokens += Math.min(known, segment.tokens)
      if (known < segment.tokens) return tokens
      node = edgeOf(edgeOf(node, segment.id), segment.tokens)
    }
    return tokens
  }

  add(segments: readonly Segment[], output: Segment): void {
    let node = 0
    for (const segment of segments) node = this.#edge(node, segment)
    this.#edge(node, output)
  }

  #edge(node: number, segment: Segment): number {
    const edge = edgeOf(node, segment.id)
    if ((this.#longest.get(edge) ?? 0) < segment.tokens) this.#longest.set(edge, segment.tokens)
    return edgeOf(edge, segment.tokens)
  }
}

/** 53 bits of node and label. */
function edgeOf(node: number, label: number): number {
  const labelLow = label | 0
  const labelHigh = Math.floor(label / 2 ** 32)
  let low = Math.imul((node | 0) ^ Math.imul(labelLow, 0xcc9e2d51), 0x85ebca6b) ^ labelHigh
  low = Math.imul(low ^ (low >>> 15), 0xc2b2ae35)
  let high = Math.imul(Math.floor(node / 2 ** 32) ^ low, 0x1b873593) ^ Math.imul(labelLow + labelHigh, 0x9e3779b1)
  high ^= high >>> 13
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0)
}
