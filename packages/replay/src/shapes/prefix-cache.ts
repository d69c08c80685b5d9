import { promptOf, type Segment } from '../prompt.ts'
import { countOf, traffic } from './parameters.ts'
import { defineShape } from './shape.ts'

/**
 * A test of prefix caching as operators run it: a handful of prefixes, asked again and again in rounds at an even pace. After the first round every
 * prompt but its last tokens has been seen, so that the hit counters of engines must move.
 * SOURCE: the load test of a monitoring guide of llm-d, 60 requests to one model.
 */
export const prefixCache = defineShape({
  id: 'prefix-cache',
  title: 'the same prefixes asked again in rounds, at an even pace: makes cache hit metrics move',
  hasPrefixes: true,
  parameters: {
    requests: { ...traffic.requests, default: 60 },
    ratePerSecond: { ...traffic.ratePerSecond, default: 2 },
    prefixes: countOf('prefixes', 6, 100_000),
    prefixTokens: countOf('tokens of a prefix', 1000),
    questionTokens: countOf('tokens of what follows a prefix', 20),
    outputTokens: { ...traffic.outputTokens, default: 50 },
  },
  fill(values, builder) {
    const prefixes = Array.from({ length: values.prefixes }, () => ({ id: builder.freshId(), tokens: values.prefixTokens }))
    for (let at = 0; !builder.full; at++) {
      const question = { id: builder.freshId(), tokens: values.questionTokens }
      const prompt = promptOf([prefixes[at % values.prefixes] as Segment, question])
      builder.add({ atMs: (at * 1000) / values.ratePerSecond, prompt, outputTokens: values.outputTokens })
    }
  },
})
