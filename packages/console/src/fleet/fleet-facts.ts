import type { EndpointView, FleetQuestions, VectorSample } from '../api-types.ts'
import { type Fetched, fetched } from '../query/fetched.ts'

/** One model over the last five minutes, measured at the gateway. */
interface ModelFacts {
  readonly model: string
  readonly requestsPerSecond: number
  /** Share that ended in an error; null without traffic. */
  readonly errorRatio: number | null
  readonly ttftP95Seconds: number | null
}

/** What PromQL adds to the gateway's own view. */
export interface FleetFacts {
  readonly models: readonly ModelFacts[]
  /** Share of prompt tokens found in the prefix cache, by scrape instance. */
  readonly hitRatioByInstance: ReadonlyMap<string, number>
}

/** Answers an instant query; `Api.instant` does. */
export type AskInstant = (expr: string) => Promise<Fetched<readonly VectorSample[]>>

/** Asks all of it at once. */
export async function loadFleetFacts(questions: FleetQuestions, ask: AskInstant): Promise<Fetched<FleetFacts>> {
  // A question that no dialect of the store answers is empty: what it asks for is unknown.
  const askOne = (expr: string) => (expr === '' ? Promise.resolve(fetched<readonly VectorSample[]>([])) : ask(expr))
  const [ttft, outcomes, hits] = await Promise.all([askOne(questions.ttft), askOne(questions.outcomes), askOne(questions.hits)])
  if (!ttft.ok) return ttft
  if (!outcomes.ok) return outcomes
  if (!hits.ok) return hits
  return fetched(fleetFacts({ ttft: ttft.value, outcomes: outcomes.value, hits: hits.value }))
}

type Answers = Readonly<Record<keyof FleetQuestions, readonly VectorSample[]>>

/** Shapes the three answers. Values that are not finite (no traffic) are left out. */
export function fleetFacts(answers: Answers): FleetFacts {
  const rates = new Map<string, { all: number; errors: number }>()
  for (const { metric, value } of answers.outcomes) {
    const rate = Number(value[1])
    if (!Number.isFinite(rate)) continue
    const model = metric['model'] ?? ''
    const entry = rates.get(model) ?? { all: 0, errors: 0 }
    entry.all += rate
    if (metric['outcome'] === 'error') entry.errors += rate
    rates.set(model, entry)
  }
  const ttft = finiteBy(answers.ttft, 'model')
  const names = [...new Set([...rates.keys(), ...ttft.keys()])].sort()
  const models = names.map((model) => {
    const { all, errors } = rates.get(model) ?? { all: 0, errors: 0 }
    return { model, requestsPerSecond: all, errorRatio: all > 0 ? errors / all : null, ttftP95Seconds: ttft.get(model) ?? null }
  })
  return { models, hitRatioByInstance: finiteBy(answers.hits, 'instance') }
}

function finiteBy(samples: readonly VectorSample[], label: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const { metric, value } of samples) {
    const number = Number(value[1])
    if (Number.isFinite(number)) found.set(metric[label] ?? '', number)
  }
  return found
}

/** The hit ratio of an endpoint: scrape instances are named by the endpoint's id or by its host and port. */
export function hitRatioOf(endpoint: EndpointView, facts: FleetFacts | undefined): number | null {
  if (facts === undefined) return null
  const host = endpoint.url.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  return facts.hitRatioByInstance.get(endpoint.id) ?? facts.hitRatioByInstance.get(host) ?? null
}
