import { exponential } from '@signalbox/base'
import { promptOf, type Segment } from '../prompt.ts'
import { lengthOf, Popularity } from './lengths.ts'
import { amountOf, countOf, traffic } from './parameters.ts'
import { defineShape } from './shape.ts'

/** Questions about documents: few long prefixes, many short ends. */
export const sharedPrefixes = defineShape({
  id: 'shared-prefixes',
  title: 'few long documents, many short questions about each',
  hasPrefixes: true,
  parameters: {
    ...traffic,
    documents: countOf('documents', 40, 100_000),
    documentTokens: countOf('mean tokens of a document', 8000),
    documentSkew: amountOf("how uneven the documents' use is: Zipf's exponent, 0 is even", 0.8, { most: 5 }),
    questionTokens: countOf('mean tokens of a question', 60),
  },
  fill(values, builder, random) {
    const documents = Array.from({ length: values.documents }, () => ({
      id: builder.freshId(),
      tokens: lengthOf(random, values.documentTokens, 0.5),
    }))
    const popularity = new Popularity(values.documents, values.documentSkew)
    for (let atMs = 0; !builder.full; atMs += exponential(random, 1000 / values.ratePerSecond)) {
      const question = { id: builder.freshId(), tokens: lengthOf(random, values.questionTokens, 0.7) }
      const prompt = promptOf([documents[popularity.draw(random)] as Segment, question])
      builder.add({ atMs, prompt, outputTokens: lengthOf(random, values.outputTokens, values.outputSpread) })
    }
  },
})
