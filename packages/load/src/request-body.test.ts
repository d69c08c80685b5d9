import { promptOf, type Trace, type TraceRequest } from '@signalbox/replay'
import { loadTokenizer } from '@signalbox/tokenizers'
import { expect, test } from 'vitest'
import { AnswerTexts } from './answer-texts.ts'
import { textOf } from './prompt-text.ts'
import { bodyOf } from './request-body.ts'

const request: TraceRequest = {
  atMs: 0,
  prompt: promptOf([
    { id: 1, tokens: 20 },
    { id: 2, tokens: 5 },
  ]),
  output: { id: 3, tokens: 7 },
  model: '',
  session: -1,
  after: undefined,
  priority: 0,
  stream: true,
}
const followUp: TraceRequest = {
  ...request,
  prompt: promptOf([...request.prompt.segments, request.output, { id: 4, tokens: 6 }]),
  output: { id: 5, tokens: 2 },
}
const trace: Trace = { name: 't', source: 's', hasPrefixes: true, requests: [request, followUp], notes: [] }

test('a text has a token of a real vocabulary, and a piece, for each token that it stands for', async () => {
  const text = textOf([{ id: 11, tokens: 5000 }])
  for (const id of ['gpt-oss', 'pieces'] as const) expect([id, (await loadTokenizer(id)).encode(text).length]).toEqual([id, 5000])
})

test('equal segments are equal text, wherever they stand', () => {
  const shared = { id: 1, tokens: 50 }
  expect(textOf([shared, { id: 2, tokens: 9 }]).startsWith(textOf([shared]))).toBe(true)
  expect(textOf([{ id: 2, tokens: 50 }])).not.toBe(textOf([shared]))
})

test('a chat asks for exactly the length of the trace, and for usage where it streams', () => {
  const form = { api: 'chat', model: 'm', stream: true, ignoreEos: true } as const
  expect(JSON.parse(bodyOf(request, form, new AnswerTexts(trace)))).toEqual({
    model: 'm',
    messages: [{ role: 'user', content: textOf(request.prompt.segments) }],
    max_tokens: 7,
    ignore_eos: true,
    stream: true,
    stream_options: { include_usage: true },
  })
  const plain = bodyOf({ ...request, priority: 2 }, { api: 'completions', model: 'm', stream: false, ignoreEos: false }, new AnswerTexts(trace))
  expect(JSON.parse(plain)).toEqual({ model: 'm', prompt: textOf(request.prompt.segments), max_tokens: 7, priority: 2 })
})

test('a follow-up quotes what was really answered, as the assistant; without an answer it has words', () => {
  const answers = new AnswerTexts(trace)
  const form = { api: 'chat', model: 'm', stream: false, ignoreEos: true } as const
  const messages = (): unknown => (JSON.parse(bodyOf(followUp, form, answers)) as { messages: unknown }).messages
  expect(messages()).toEqual([{ role: 'user', content: textOf(followUp.prompt.segments) }])
  answers.keep(3, 'All aboard.')
  expect(messages()).toEqual([
    { role: 'user', content: textOf(request.prompt.segments) },
    { role: 'assistant', content: 'All aboard.' },
    { role: 'user', content: textOf([{ id: 4, tokens: 6 }]) },
  ])
  answers.sent(1, [3])
  expect(answers.get(3)).toBeUndefined()
  expect(answers.wants(5)).toBe(false)
})
