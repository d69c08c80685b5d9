import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SseRelay, type SseRelayOptions } from './sse-relay.ts'
import { usageOfAnswer } from './usage.ts'

const defaults: SseRelayOptions = { stripUsage: true, dialect: 'openai', eventBytesMax: 1 << 20 }

function run(chunks: readonly Buffer[], options: Partial<SseRelayOptions> = {}) {
  const relay = new SseRelay({ ...defaults, ...options })
  const out: Buffer[] = []
  for (const chunk of chunks) out.push(relay.push(Buffer.from(chunk)) ?? Buffer.alloc(0))
  out.push(relay.finish() ?? Buffer.alloc(0))
  const { contentEvents, usage, ended, errorSeen, unwatched } = relay
  return { bytes: Buffer.concat(out).toString('latin1'), contentEvents, usage, ended, errorSeen, unwatched }
}

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10, prompt_tokens_details: { cached_tokens: 4 } }
const usageEvent = `data: ${JSON.stringify({ id: 'x', choices: [], usage })}\n\n`
const done = 'data: [DONE]\n\n'

const anyEvent = fc.oneof(
  fc.string().map((content) => chunk({ content })),
  fc.constant(chunk({ role: 'assistant', content: '' })),
  fc.constant(chunk({}, 'stop')),
  fc.constant(chunk({ content: '"usage":{' })),
  fc.constant(usageEvent),
  fc.constant(done),
  fc.constant(': keep-alive\n\n'),
  fc.constant('event: message\r\ndata: {"choices":[{"text":"é"}]}\r\n\r\n'),
  fc.constant('data: {"choices":\ndata: [{"text":"a"}]}\n\n'),
  fc.constant('data: {"error":{"message":"boom"}}\n\n'),
  fc.constant('\n'),
  fc.constant('data: cut'),
)

describe('SseRelay', () => {
  it('gives the same bytes and the same findings however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent),
        fc.array(fc.nat(400)),
        fc.boolean(),
        fc.constantFrom(90, 1 << 20),
        (events, cuts, stripUsage, eventBytesMax) => {
          const whole = Buffer.from(events.join(''))
          const chunks: Buffer[] = []
          let at = 0
          for (const size of cuts) {
            chunks.push(whole.subarray(at, at + size))
            at += size
          }
          chunks.push(whole.subarray(at))
          const options = { stripUsage, eventBytesMax }
          const bytewise = Array.from(whole, (_, i) => whole.subarray(i, i + 1))
          expect(run(chunks, options)).toEqual(run([whole], options))
          expect(run(bytewise, options)).toEqual(run([whole], options))
        },
      ),
    )
  })

  it('passes everything but the usage event', () => {
    const events = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'a' }), chunk({ content: 'b' }), chunk({}, 'stop')]
    const report = run([Buffer.from([...events, usageEvent, done].join(''))])
    expect(report).toEqual({
      bytes: [...events, done].join(''),
      contentEvents: 2,
      usage: { promptTokens: 7, completionTokens: 3, cachedTokens: 4 },
      ended: true,
      errorSeen: false,
      unwatched: false,
    })
    expect(run([Buffer.from(usageEvent)], { stripUsage: false }).bytes).toBe(usageEvent)
  })

  it('keeps a chunk that carries both content and usage', () => {
    const both = `data: ${JSON.stringify({ choices: [{ delta: { content: 'a' }, finish_reason: null }], usage })}\n\n`
    expect(run([Buffer.from(both)])).toMatchObject({ bytes: both, contentEvents: 1, ended: false, usage: { promptTokens: 7 } })
  })

  it('hands a chunk of whole events through without a copy', () => {
    const relay = new SseRelay(defaults)
    const bytes = Buffer.from(chunk({ content: 'a' }))
    expect(relay.push(bytes)).toBe(bytes)
  })

  it.each([
    ['reasoning', chunk({ reasoning: 'hm' })],
    ['older reasoning', chunk({ reasoning_content: 'hm' })],
    ['a tool call', chunk({ tool_calls: [{ index: 0 }] })],
    ['completion text', 'data: {"choices":[{"text":"x"}]}\n\n'],
  ])('sees %s as content', (_, event) => {
    expect(run([Buffer.from(event)]).contentEvents).toBe(1)
  })

  it('reports a stream that stops without an end, and drops the event that was cut', () => {
    const report = run([Buffer.from(`${chunk({ content: 'a' })}data: {"choi`)])
    expect(report).toMatchObject({ bytes: chunk({ content: 'a' }), ended: false })
  })

  it('accepts an end that lacks its blank line', () => {
    expect(run([Buffer.from(`${chunk({ content: 'a' })}data: [DONE]`)])).toMatchObject({
      ended: true,
      bytes: `${chunk({ content: 'a' })}data: [DONE]`,
    })
  })

  it('passes an oversized event and all that follows unwatched', () => {
    const long = chunk({ content: 'x'.repeat(500) })
    const report = run([Buffer.from(long + usageEvent)], { eventBytesMax: 200 })
    expect(report).toMatchObject({ bytes: long + usageEvent, unwatched: true, usage: undefined })
  })

  it('reads the first content and the usage of an Anthropic stream', () => {
    const events = [
      'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":9,"output_tokens":1}}}\n\n',
      'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}\n\n',
      'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}\n\n',
    ].join('')
    expect(run([Buffer.from(events)], { dialect: 'other' })).toMatchObject({
      bytes: events,
      contentEvents: 1,
      usage: { promptTokens: 9, completionTokens: 5 },
    })
  })

  it('notices an error that the engine reports inside the stream', () => {
    expect(run([Buffer.from('data: {"error":{"message":"x"}}\n\n')])).toMatchObject({ errorSeen: true, ended: true })
    expect(run([Buffer.from('data: {"object": "error","message":"x"}\n\n')])).toMatchObject({ errorSeen: true })
    expect(run([Buffer.from('data: {"object":"chat.completion.chunk","choices":[]}\n\n')])).toMatchObject({ errorSeen: false })
  })
})

describe('usageOfAnswer', () => {
  it('finds the usage of any answer, whatever its text says', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), fc.option(fc.nat(), { nil: undefined }), (content, last, cached) => {
        const details = cached === undefined ? null : { cached_tokens: cached }
        const answer = { choices: [{ message: { content } }], a: '"usage":{}', usage: { ...usage, prompt_tokens_details: details } }
        const found = usageOfAnswer(Buffer.from(JSON.stringify({ ...answer, kv_transfer_params: JSON.stringify(last) })))
        expect(found).toEqual({ promptTokens: 7, completionTokens: 3, cachedTokens: cached })
      }),
    )
    expect(usageOfAnswer(Buffer.from('{"choices":[{"text":"usage"}]}'))).toBeUndefined()
  })
})
