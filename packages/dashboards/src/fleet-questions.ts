import { quantileOf, rateOf, ratio, type Scope } from './expressions.ts'

/** What the fleet page's verdict and endpoint table ask the store, as PromQL. */
export interface FleetQuestions {
  /** 95th percentile of the time to first token of streamed answers, by `model_name`, as the gateway measures it for every engine alike. */
  readonly ttft: string
  /** Requests a second by `model` and `outcome`. */
  readonly outcomes: string
  /** Share of prompt tokens found in the prefix cache, by scrape `instance`. */
  readonly hits: string
}

const ENDPOINT = { by: ['instance'] } as const

/** The questions over the last `windowSeconds`, for all models. */
export function fleetQuestions(windowSeconds: number): FleetQuestions {
  const scope: Scope = { model: '', windowSeconds }
  return {
    // Answers that are not streamed have no first token of their own: their time is that of the whole answer.
    ttft: quantileOf(0.95, 'gateway.ttft', scope, { by: ['model_name'], where: 'streaming="true"' }),
    outcomes: rateOf('gateway.request_outcomes', scope, { by: ['model', 'outcome'] }),
    hits: ratio(rateOf('engine.prefix_hits', scope, ENDPOINT), rateOf('engine.prefix_queries', scope, ENDPOINT)),
  }
}
