import { exponential } from '@signalbox/base'
import { promptOf } from '../prompt.ts'
import { lengthOf } from './lengths.ts'
import { countOf, randomPrompts, traffic } from './parameters.ts'
import { defineShape } from './shape.ts'

/** The trap for a policy that only follows the longest prefix: every endpoint but the first lacks the block that all prompts share, so none ever gets it. */
export const firstBlock = defineShape({
  id: 'first-block',
  title: 'all prompts share their first tokens, then differ: the trap for pure longest-prefix',
  hasPrefixes: true,
  parameters: {
    ...traffic,
    ...randomPrompts,
    sharedTokens: countOf('tokens that all prompts begin with', 128),
  },
  fill(values, builder, random) {
    const shared = { id: builder.freshId(), tokens: values.sharedTokens }
    for (let atMs = 0; !builder.full; atMs += exponential(random, 1000 / values.ratePerSecond)) {
      const own = { id: builder.freshId(), tokens: lengthOf(random, values.promptTokens, values.promptSpread) }
      builder.add({ atMs, prompt: promptOf([shared, own]), outputTokens: lengthOf(random, values.outputTokens, values.outputSpread) })
    }
  },
})
