import { exponential, type Random } from '@signalbox/base'
import { promptOf, type Segment } from '../prompt.ts'
import type { TraceBuilder } from '../traces/trace-builder.ts'
import { geometric, lengthOf, Popularity } from './lengths.ts'
import { amountOf, countOf, traffic } from './parameters.ts'
import { defineShape, type ShapeValues } from './shape.ts'

const parameters = {
  ...traffic,
  assistants: countOf('assistants, each with a system prompt of its own', 8, 100_000),
  assistantSkew: amountOf("how uneven the assistants' use is: Zipf's exponent, 0 is even", 1, { most: 5 }),
  systemTokens: countOf('tokens of a system prompt', 1000),
  turns: amountOf('mean turns of a session', 5, { least: 1, most: 1000 }),
  questionTokens: countOf('mean tokens of a question', 80),
  thinkMs: amountOf('mean time between an answer and the next question, ms', 10_000),
}

/**
 * Conversations: a system prompt that many share, then questions and answers by turns. A turn's prompt is all that was said so far, the answers included, and
 * comes a think time after the last answer. Sessions start as a Poisson process such that requests come at `ratePerSecond` on average.
 */
export const chatSessions = defineShape({
  id: 'chat-sessions',
  title: 'conversations that grow, over system prompts shared by several assistants, with think times',
  hasPrefixes: true,
  parameters,
  fill(values, builder, random) {
    const systems = Array.from({ length: values.assistants }, () => ({ id: builder.freshId(), tokens: values.systemTokens }))
    const popularity = new Popularity(values.assistants, values.assistantSkew)
    const sessionGapMs = (1000 / values.ratePerSecond) * values.turns
    for (let atMs = 0, session = 0; !builder.full; atMs += exponential(random, sessionGapMs), session++) {
      const system = systems[popularity.draw(random)] as Segment
      converse({ atMs, session: builder.sessionNumber(session), system }, values, builder, random)
    }
  },
})

interface Opening {
  readonly atMs: number
  readonly session: number
  readonly system: Segment
}

function converse({ atMs, session, system }: Opening, values: ShapeValues<keyof typeof parameters>, builder: TraceBuilder, random: Random): void {
  const said: Segment[] = [system]
  const turns = geometric(random, values.turns)
  let previous: number | undefined
  for (let turn = 0; turn < turns && !builder.full; turn++) {
    said.push({ id: builder.freshId(), tokens: lengthOf(random, values.questionTokens, 1) })
    const answer = { id: builder.freshId(), tokens: lengthOf(random, values.outputTokens, values.outputSpread) }
    const thinkMs = values.thinkMs === 0 ? 0 : exponential(random, values.thinkMs)
    const after = previous === undefined ? undefined : { index: previous, thinkMs }
    previous = builder.add({ atMs, prompt: promptOf([...said]), outputTokens: answer.tokens, outputId: answer.id, session, after })
    said.push(answer)
  }
}
