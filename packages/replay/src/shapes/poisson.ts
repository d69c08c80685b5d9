import { exponential } from '@signalbox/base'
import { lengthOf } from './lengths.ts'
import { randomPrompts, traffic } from './parameters.ts'
import { defineShape } from './shape.ts'

/** Independent requests: what load balance alone can do. */
export const poisson = defineShape({
  id: 'poisson',
  title: 'independent requests with unique prompts; log-normal lengths',
  hasPrefixes: false,
  parameters: { ...traffic, ...randomPrompts },
  fill(values, builder, random) {
    for (let atMs = 0; !builder.full; atMs += exponential(random, 1000 / values.ratePerSecond)) {
      const prompt = builder.uniquePrompt(lengthOf(random, values.promptTokens, values.promptSpread))
      builder.add({ atMs, prompt, outputTokens: lengthOf(random, values.outputTokens, values.outputSpread) })
    }
  },
})
