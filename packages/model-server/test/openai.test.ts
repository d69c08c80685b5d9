import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { ModelServerOptions } from '../src/index.ts'
import { startServer } from './simulated-server.ts'

const model = 'demo-8b'
const question = [{ role: 'user' as const, content: 'Which line is clear?' }]

async function clientOf(options: Partial<ModelServerOptions> = {}): Promise<OpenAI> {
  const { url } = await startServer(options)
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
}

const schema = {
  type: 'object',
  properties: {
    line: { type: 'string', enum: ['north', 'south'] },
    cars: { type: 'integer', minimum: 3, maximum: 9 },
    stops: { type: 'array', items: { $ref: '#/$defs/stop' }, minItems: 1, maxItems: 2 },
  },
  required: ['line', 'cars', 'stops'],
  additionalProperties: false,
  $defs: { stop: { type: 'object', properties: { name: { type: 'string', minLength: 2 } }, required: ['name'], additionalProperties: false } },
}
const jsonFormat = { type: 'json_schema' as const, json_schema: { name: 'train', strict: true, schema } }

function expectTrain(text: string): void {
  const train = JSON.parse(text) as { line: string; cars: number; stops: { name: string }[] }
  expect(Object.keys(train)).toEqual(['line', 'cars', 'stops'])
  expect(['north', 'south']).toContain(train.line)
  expect(train.cars >= 3 && train.cars <= 9 && Number.isInteger(train.cars)).toBe(true)
  expect(train.stops.length >= 1 && train.stops.length <= 2 && train.stops.every(({ name }) => name.length >= 2)).toBe(true)
}

describe('chat completions', () => {
  it('answers whole, and the streaming helper ends at the same', async () => {
    const client = await clientOf({ answerTokensMean: 20 })
    const whole = await client.chat.completions.create({ model, messages: question })
    const stream = client.chat.completions.stream({ model, messages: question, stream_options: { include_usage: true } })
    let deltas = ''
    stream.on('content', (delta) => {
      deltas += delta
    })
    const final = await stream.finalChatCompletion()
    expect(final.choices[0]?.message.content).toBe(whole.choices[0]?.message.content)
    expect(deltas).toBe(whole.choices[0]?.message.content)
    expect([final.choices[0]?.finish_reason, final.usage]).toMatchObject(['stop', { completion_tokens: whole.usage?.completion_tokens as number }])
  })

  it('gives several answers to one prompt, which counts once', async () => {
    const client = await clientOf()
    const one = await client.chat.completions.create({ model, messages: question, max_tokens: 12 })
    const three = await client.chat.completions.create({ model, messages: question, max_tokens: 12, n: 3 })
    expect(three.choices.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(three.choices[0]?.message.content).toBe(one.choices[0]?.message.content)
    expect(new Set(three.choices.map(({ message }) => message.content)).size).toBe(3)
    expect(three.usage?.prompt_tokens).toBe(one.usage?.prompt_tokens)
    expect(three.usage?.completion_tokens).toBe(36)
    const streamed = await client.chat.completions.stream({ model, messages: question, max_tokens: 12, n: 3 }).finalChatCompletion()
    expect(streamed.choices.map(({ message }) => message.content)).toEqual(three.choices.map(({ message }) => message.content))
  })

  const tools = [{ type: 'function' as const, function: { name: 'dispatch', strict: true, parameters: schema } }]

  it.each([['required' as const], [{ type: 'function' as const, function: { name: 'dispatch' } }]])(
    'calls a tool when asked with %j',
    async (choice) => {
      const client = await clientOf()
      const body = { model, messages: question, tools, tool_choice: choice }
      const whole = await client.chat.completions.create(body)
      expect(whole.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { role: 'assistant', content: null } })
      const [call] = whole.choices[0]?.message.tool_calls ?? []
      if (call?.type !== 'function') throw new Error('no call')
      expect(call.function.name).toBe('dispatch')
      expectTrain(call.function.arguments)
      const final = await client.chat.completions.stream(body).finalChatCompletion()
      expect(final.choices[0]?.finish_reason).toBe('tool_calls')
      expect(final.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: 'dispatch', arguments: call.function.arguments } })
    },
  )

  it('answers with text when a tool may be called, and with a cut call when the limit is too low', async () => {
    const client = await clientOf()
    const free = await client.chat.completions.create({ model, messages: question, tools, max_tokens: 8 })
    expect(free.choices[0]?.message).toMatchObject({ tool_calls: [] })
    expect(free.choices[0]?.message.content).not.toBe('')
    const cut = await client.chat.completions.create({ model, messages: question, tools, tool_choice: 'required', max_tokens: 12 })
    expect(cut.choices[0]?.finish_reason).toBe('length')
    expect(cut.usage?.completion_tokens).toBe(12)
  })

  it('answers with JSON that fits a schema, streamed as well', async () => {
    const client = await clientOf()
    const whole = await client.chat.completions.parse({ model, messages: question, response_format: jsonFormat })
    expectTrain(whole.choices[0]?.message.content ?? '')
    const final = await client.chat.completions.stream({ model, messages: question, response_format: jsonFormat }).finalChatCompletion()
    expect(final.choices[0]?.message.content).toBe(whole.choices[0]?.message.content)
    const any = await client.chat.completions.create({ model, messages: question, response_format: { type: 'json_object' } })
    expect(typeof JSON.parse(any.choices[0]?.message.content ?? '')).toBe('object')
  })

  it('tells log probabilities for as many alternatives as asked, which fit the text', async () => {
    const client = await clientOf()
    const whole = await client.chat.completions.create({ model, messages: question, max_tokens: 6, logprobs: true, top_logprobs: 3 })
    const content = whole.choices[0]?.logprobs?.content ?? []
    expect(content.map(({ token }) => token).join('')).toBe(whole.choices[0]?.message.content)
    for (const { logprob, top_logprobs: top, token } of content) {
      expect(logprob).toBeLessThanOrEqual(0)
      expect(top).toHaveLength(3)
      expect(top[0]).toMatchObject({ token, logprob })
      expect(top.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeLessThanOrEqual(1)
    }
    const final = await client.chat.completions
      .stream({ model, messages: question, max_tokens: 6, logprobs: true, top_logprobs: 3 })
      .finalChatCompletion()
    expect(final.choices[0]?.logprobs?.content).toEqual(content)
  })

  it('surfaces what goes wrong in mid-stream', async () => {
    const client = await clientOf({ faults: { errorAfterTokens: 3 } })
    const stream = await client.chat.completions.create({ model, messages: question, stream: true })
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toThrow(/on purpose/)
  })

  it('names the adapter that was asked for', async () => {
    const client = await clientOf({ adapters: { sql: '/adapters/sql' } })
    expect((await client.chat.completions.create({ model: 'sql', messages: question, max_tokens: 1 })).model).toBe('sql')
    const ids: string[] = []
    for await (const card of client.models.list()) ids.push(card.id)
    expect(ids).toEqual([model, 'sql'])
  })
})

describe('completions', () => {
  it('streams what it answers whole', async () => {
    const client = await clientOf()
    const body = { model, prompt: ['One', 'Two'], max_tokens: 9, n: 2 }
    const whole = await client.completions.create(body)
    expect(whole.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3])
    const texts = ['', '', '', '']
    for await (const { choices } of await client.completions.create({ ...body, stream: true })) {
      for (const { index, text } of choices) texts[index] += text
    }
    expect(texts).toEqual(whole.choices.map(({ text }) => text))
  })

  it('begins with the prompt where it is to be echoed, with log probabilities but for its first token', async () => {
    const client = await clientOf()
    const plain = await client.completions.create({ model, prompt: 'The line is', max_tokens: 3 })
    const echoed = await client.completions.create({ model, prompt: 'The line is', max_tokens: 3, echo: true, logprobs: 2 })
    const [choice] = echoed.choices
    expect(choice?.text).toBe(`The line is${plain.choices[0]?.text}`)
    const { tokens = [], token_logprobs: logprobs = [], text_offset: offsets = [], top_logprobs: top = [] } = choice?.logprobs ?? {}
    expect(tokens.join('')).toBe(choice?.text)
    expect(offsets.map((offset, index) => choice?.text.slice(offset, offset + (tokens[index] as string).length))).toEqual(tokens)
    expect(logprobs.map((value) => value === null)).toEqual(tokens.map((_, index) => index === 0))
    const streamed: typeof offsets = []
    const body = { model, prompt: 'The line is', max_tokens: 3, echo: true, logprobs: 2, stream: true as const }
    for await (const { choices } of await client.completions.create(body)) streamed.push(...(choices[0]?.logprobs?.text_offset ?? []))
    expect(streamed).toEqual(offsets)
    expect(top.slice(1).every((others) => Object.keys(others).length === 2)).toBe(true)
  })
})

describe('responses', () => {
  it('answers a text and a conversation with instructions, and counts its tokens', async () => {
    const client = await clientOf({ answerTokensMean: 15 })
    const response = await client.responses.create({ model, input: 'Which line is clear?', instructions: 'Be brief.' })
    expect(response).toMatchObject({ object: 'response', status: 'completed', instructions: 'Be brief.', model })
    expect(response.output_text).not.toBe('')
    const same = await client.responses.create({
      model,
      input: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'input_text', text: 'Which line is clear?' }] },
      ],
    })
    expect(same.output_text).toBe(response.output_text)
    expect(same.usage).toMatchObject({ input_tokens: response.usage?.input_tokens as number, output_tokens: response.usage?.output_tokens as number })
  })

  it('streams its events in order, numbered without a gap', async () => {
    const client = await clientOf({ answerTokensMean: 15 })
    const types: string[] = []
    const numbers: number[] = []
    let text = ''
    const stream = client.responses.stream({ model, input: 'Which line is clear?' })
    for await (const event of stream) {
      if (types.at(-1) !== event.type) types.push(event.type)
      numbers.push(event.sequence_number)
      if (event.type === 'response.output_text.delta') text += event.delta
    }
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect(numbers).toEqual(numbers.map((_, index) => index))
    expect((await stream.finalResponse()).output[0]).toMatchObject({ type: 'message', content: [{ type: 'output_text', text }] })
  })

  it('calls functions, answers with JSON, and says that it is incomplete', async () => {
    const client = await clientOf()
    const tools = [{ type: 'function' as const, name: 'dispatch', strict: true, parameters: schema }]
    const called = await client.responses.create({ model, input: 'Go.', tools, tool_choice: 'required' })
    const [item] = called.output
    if (item?.type !== 'function_call') throw new Error('no call')
    expect(item.name).toBe('dispatch')
    expectTrain(item.arguments)
    const final = await client.responses.stream({ model, input: 'Go.', tools, tool_choice: 'required' }).finalResponse()
    expect(final.output[0]).toMatchObject({ type: 'function_call', arguments: item.arguments })
    const formatted = await client.responses.create({ model, input: 'Go.', text: { format: { type: 'json_schema', name: 'train', schema } } })
    expectTrain(formatted.output_text)
    const cut = await client.responses.create({ model, input: 'Go.', max_output_tokens: 2 })
    expect(cut).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, usage: { output_tokens: 2 } })
  })

  it('goes on with a conversation whose first turns the cache knows', async () => {
    const client = await clientOf()
    const first = await client.responses.create({ model, input: 'A long question about lines and levers. '.repeat(40), max_output_tokens: 100 })
    const input = [
      { role: 'user' as const, content: 'A long question about lines and levers. '.repeat(40) },
      { role: 'assistant' as const, content: first.output_text },
      { role: 'user' as const, content: 'And then?' },
    ]
    const second = await client.responses.create({ model, input })
    expect(second.usage?.input_tokens_details.cached_tokens).toBeGreaterThan((first.usage?.total_tokens as number) - 2 * 16)
  })

  it('stores none', async () => {
    const client = await clientOf()
    await expect(client.responses.retrieve('resp_1')).rejects.toMatchObject({ status: 404 })
    await expect(client.responses.cancel('resp_1')).rejects.toMatchObject({ status: 404 })
    await expect(client.responses.create({ model, input: 'Go.', previous_response_id: 'resp_1' })).rejects.toMatchObject({ status: 400 })
  })
})

it('embeds texts as numbers or base64, and counts their tokens', async () => {
  const client = await clientOf()
  const floats = await client.embeddings.create({ model, input: ['a line', 'a lever'], dimensions: 8, encoding_format: 'float' })
  const packed = await client.embeddings.create({ model, input: ['a line', 'a lever'], dimensions: 8 })
  expect(floats.usage.prompt_tokens).toBe(5)
  // The client asks for base64 unless told otherwise, and unpacks it.
  expect(packed.data.map(({ embedding }) => [...embedding])).toEqual(floats.data.map(({ embedding }) => embedding))
  expect(floats.data[0]?.embedding).not.toEqual(floats.data[1]?.embedding)
})
