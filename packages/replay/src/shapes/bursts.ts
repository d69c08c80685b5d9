import { exponential } from '@signalbox/base'
import { lengthOf } from './lengths.ts'
import { amountOf, randomPrompts, traffic } from './parameters.ts'
import { defineShape } from './shape.ts'

/** On and off by turns, both exponentially long; Poisson while on. The mean rate is that asked for. */
export const bursts = defineShape({
  id: 'bursts',
  title: 'unique prompts in bursts: Poisson while on, silence while off',
  hasPrefixes: false,
  parameters: {
    ...traffic,
    ...randomPrompts,
    onMs: amountOf('mean length of a burst, ms', 2000, { least: 1 }),
    offMs: amountOf('mean silence between bursts, ms', 8000),
  },
  fill(values, builder, random) {
    const gapMs = (1000 / values.ratePerSecond) * (values.onMs / (values.onMs + values.offMs))
    let atMs = 0
    let onEndsMs = exponential(random, values.onMs)
    while (!builder.full) {
      const prompt = builder.uniquePrompt(lengthOf(random, values.promptTokens, values.promptSpread))
      builder.add({ atMs, prompt, outputTokens: lengthOf(random, values.outputTokens, values.outputSpread) })
      // A Poisson process has no memory: what is left of a gap at the end of a burst goes on at the next one.
      let leftMs = exponential(random, gapMs)
      while (atMs + leftMs > onEndsMs) {
        leftMs -= onEndsMs - atMs
        atMs = onEndsMs + (values.offMs === 0 ? 0 : exponential(random, values.offMs))
        onEndsMs = atMs + exponential(random, values.onMs)
      }
      atMs += leftMs
    }
  },
})
