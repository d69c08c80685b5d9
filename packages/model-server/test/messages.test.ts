import { describe, expect, it } from 'vitest'
import { jsonOf, post, startServer } from './simulated-server.ts'

const ask = { model: 'demo-8b', max_tokens: 12, messages: [{ role: 'user', content: 'Which line is clear?' }] }

interface Event {
  readonly event: string
  readonly data: { readonly type: string; readonly delta?: { readonly text?: string; readonly partial_json?: string } }
}

async function streamed(url: string, body: object): Promise<Event[]> {
  const text = await (await post(`${url}/v1/messages`, { ...ask, ...body, stream: true })).text()
  const frames = text.split('\n\n').filter((frame) => frame !== '' && frame !== 'data: [DONE]')
  return frames.map((frame) => {
    const [event = '', data = ''] = frame.split('\n')
    return { event: event.slice('event: '.length), data: JSON.parse(data.slice('data: '.length)) as Event['data'] }
  })
}

describe('messages', () => {
  it('answers whole', async () => {
    const { url } = await startServer()
    const message = await jsonOf<{ id: string; content: { text: string }[]; usage: { input_tokens: number } }>(post(`${url}/v1/messages`, ask))
    expect(message).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'demo-8b',
      content: [{ type: 'text' }],
      stop_reason: 'max_tokens',
      stop_sequence: null,
      usage: { output_tokens: 12, cache_read_input_tokens: 0 },
    })
    expect(message.id).toMatch(/^msg_/)
    const counted = await jsonOf(post(`${url}/v1/messages/count_tokens`, { model: ask.model, messages: ask.messages }))
    expect(counted).toEqual({ input_tokens: message.usage.input_tokens, context_management: null })
  })

  it('streams named events whose texts are the whole answer', async () => {
    const { url } = await startServer()
    const whole = await jsonOf<{ content: { text: string }[] }>(post(`${url}/v1/messages`, ask))
    const events = await streamed(url, {})
    expect(events.every(({ event, data }) => event === data.type)).toBe(true)
    const names = events.map(({ event }) => event).filter((name, index, all) => name !== all[index - 1])
    expect(names).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    expect(events.map(({ data }) => data.delta?.text ?? '').join('')).toBe(whole.content[0]?.text)
    expect(events.find(({ event }) => event === 'message_delta')?.data).toMatchObject({
      delta: { stop_reason: 'max_tokens', stop_sequence: null },
      usage: { output_tokens: 12 },
    })
  })

  it('stops at a sequence, and calls tools', async () => {
    const { url } = await startServer()
    const whole = await jsonOf<{ content: { text: string }[] }>(post(`${url}/v1/messages`, { ...ask, max_tokens: 100 }))
    const stop = whole.content[0]?.text.slice(8, 15) as string
    expect(await jsonOf(post(`${url}/v1/messages`, { ...ask, max_tokens: 100, stop_sequences: [stop] }))).toMatchObject({
      stop_reason: 'stop_sequence',
      stop_sequence: stop,
    })
    const tools = [{ name: 'dispatch', input_schema: { type: 'object', properties: { cars: { type: 'integer' } }, required: ['cars'] } }]
    const call = { ...ask, max_tokens: 100, tools, tool_choice: { type: 'any' } }
    const called = await jsonOf<{ content: { input: object }[] }>(post(`${url}/v1/messages`, call))
    expect(called).toMatchObject({ stop_reason: 'tool_use', content: [{ type: 'tool_use', name: 'dispatch', input: { cars: expect.any(Number) } }] })
    const events = await streamed(url, call)
    expect(JSON.parse(events.map(({ data }) => data.delta?.partial_json ?? '').join(''))).toEqual(called.content[0]?.input)
  })

  it('reads blocks, results of tools and a system prompt', async () => {
    const { url } = await startServer()
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Go.' },
          { type: 'image', source: { type: 'base64', data: 'AAAA' } },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'dispatch', input: {} }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'gone' },
          { type: 'text', text: 'And?' },
        ],
      },
    ]
    const { input_tokens: tokens } = await jsonOf<{ input_tokens: number }>(
      post(`${url}/v1/messages/count_tokens`, { system: [{ type: 'text', text: 'Be brief.' }], messages }),
    )
    expect(tokens).toBeGreaterThan(1000)
    expect((await post(`${url}/v1/messages`, { ...ask, messages })).status).toBe(200)
  })

  it.each<[string, object, number]>([
    ['no limit', { max_tokens: undefined }, 400],
    ['no messages', { messages: [] }, 400],
    ['another role', { messages: [{ role: 'tool', content: 'a' }] }, 400],
    ['an unknown model', { model: 'other' }, 404],
  ])('answers %s with an error in Anthropic’s shape', async (_name, body, status) => {
    const { url } = await startServer()
    const response = await post(`${url}/v1/messages`, { ...ask, ...body })
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({
      type: 'error',
      error: { type: status === 404 ? 'NotFoundError' : 'BadRequestError', message: expect.any(String) },
    })
  })

  it('says what is wrong in mid-stream, and with a body that is no JSON, in that shape too', async () => {
    const { url } = await startServer({ faults: { errorAfterTokens: 3 } })
    const events = await streamed(url, {})
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { type: 'error', error: { message: 'failed on purpose' } } })
    const broken = await fetch(`${url}/v1/messages`, { method: 'POST', body: '{' })
    expect(await broken.json()).toMatchObject({ type: 'error', error: { type: 'BadRequestError' } })
  })
})
