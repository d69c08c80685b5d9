import type { RequestObservation } from './ports.ts'

/** How fast an answer is to be, in milliseconds. */
export interface Objective {
  readonly ttftMs: number
  readonly tpotMs: number
}

/** The objectives of every model: the common ones, and what differs for some. */
export interface Objectives extends Objective {
  readonly models: Readonly<Record<string, { readonly ttftMs?: number | undefined; readonly tpotMs?: number | undefined }>>
}

/** Times that a client waits without complaint for a chat answer to begin, and for each further token of it. */
export const objectivesDefault: Objectives = Object.freeze({ ttftMs: 2_000, tpotMs: 100, models: {} })

export function objectiveOf(model: string, objectives: Objectives): Objective {
  const own = Object.hasOwn(objectives.models, model) ? objectives.models[model] : undefined
  return { ttftMs: own?.ttftMs ?? objectives.ttftMs, tpotMs: own?.tpotMs ?? objectives.tpotMs }
}

/** Every objective of a kind in seconds, each once: what the bounds of its histogram have to hold. */
export function objectiveBounds(kind: keyof Objective, objectives: Objectives): readonly number[] {
  const own = Object.keys(objectives.models).map((model) => objectiveOf(model, objectives)[kind])
  return [...new Set([objectives[kind], ...own])].map((ms) => ms / 1000)
}

/** What a request missed; 'none': it was good. */
export type Verdict = 'none' | 'ttft' | 'tpot' | 'ttft_tpot' | 'error'

/**
 * Judges a request that has ended: good when it succeeded and, streamed, met its objectives (at the objective is met). Undefined for
 * what says nothing of the service: the client left, or was refused for a fault of its own (4xx but 429, which sheds load).
 * `tpotS`: undefined where there was no second token.
 */
export function judge(observation: RequestObservation, tpotS: number | undefined, objective: Objective): Verdict | undefined {
  const { outcome, httpStatus, streaming, ttftS } = observation
  if (outcome === 'cancelled') return undefined
  if (outcome !== 'ok') return httpStatus >= 400 && httpStatus < 500 && httpStatus !== 429 ? undefined : 'error'
  if (!streaming) return 'none'
  const isLate = ttftS !== undefined && ttftS * 1000 > objective.ttftMs
  const isSlow = tpotS !== undefined && tpotS * 1000 > objective.tpotMs
  if (isLate) return isSlow ? 'ttft_tpot' : 'ttft'
  return isSlow ? 'tpot' : 'none'
}
