import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import type { Labels } from '@signalbox/base'
import { profiles } from '@signalbox/engine'
import { decodePage, parseSeries } from '@signalbox/exposition'
import { systemClock } from '@signalbox/node'
import { detectDialect, readEngineState } from '@signalbox/signals'
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { type ModelServer, type ModelServerOptions, startModelServer } from '../src/index.ts'

const demo = profiles.get('demo')!.options
/** Milliseconds of the demo engine as microseconds: answers take no time worth waiting for. */
const FAST = 1000

let server: ModelServer | undefined

async function start(options: Partial<ModelServerOptions> = {}): Promise<string> {
  server = await startModelServer({ host: '127.0.0.1', port: 0, name: 'engine-1', engine: demo, clock: systemClock, speed: FAST, ...options })
  return `http://127.0.0.1:${server.port}`
}

afterEach(async () => {
  await server?.close(0)
  server = undefined
})

const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })

const user = (content: string) => [{ role: 'user', content }]

/** What the tests read of answers, whichever the endpoint. */
interface Json {
  readonly id: string
  readonly object: string
  readonly model: string
  readonly version: string
  readonly choices: readonly {
    readonly index: number
    readonly text: string
    readonly message: { readonly role: string; readonly content: string }
    readonly delta: { readonly role?: string; readonly content?: string }
    readonly finish_reason: string | null
  }[]
  readonly usage?: {
    readonly prompt_tokens: number
    readonly completion_tokens: number
    readonly total_tokens: number
    readonly prompt_tokens_details: { readonly cached_tokens: number } | null
  }
  readonly error: { readonly code: number; readonly type: string }
  readonly data: readonly {
    readonly id: string
    readonly parent: string | null
    readonly max_model_len: number | null
    readonly embedding: unknown
  }[]
}

const jsonOf = async (response: Response | Promise<Response>): Promise<Json> => (await (await response).json()) as Json

/** The events of a stream that ends in `[DONE]`, that one left out. */
function events(text: string): Json[] {
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  const frames = text.split('\n\n').slice(0, -2)
  return frames.map((frame) => JSON.parse(frame.slice('data: '.length)) as Json)
}

/** Samples of the metrics page by `name` or `name{finished_reason}`. */
async function metricsOf(url: string): Promise<Map<string, number>> {
  const page = new Uint8Array(await (await fetch(`${url}/metrics`)).arrayBuffer())
  const samples = new Map<string, number>()
  const decoded = decodePage(page, {
    sample: (series, value) => {
      const parsed = parseSeries(series)
      if (!parsed.ok) throw new Error(series)
      const reason = parsed.value.labels.get('finished_reason')
      samples.set(reason === '' ? parsed.value.name : `${parsed.value.name}{${reason}}`, value)
    },
  })
  expect(decoded.ok).toBe(true)
  return samples
}

/** Polls until `check` holds; the test's own time limit ends it otherwise. */
async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('chat completions', () => {
  it('answers whole, in vLLM’s shape', async () => {
    const url = await start()
    const response = await post(`${url}/v1/chat/completions`, { model: 'demo-8b', messages: user('Which line is clear?'), max_tokens: 5, n: 1 })
    expect([response.status, response.headers.get('x-signalbox-simulated'), response.headers.get('server')]).toEqual([200, 'true', 'engine-1'])
    const answer = await jsonOf(response)
    expect(answer).toMatchObject({ object: 'chat.completion', model: 'demo-8b', system_fingerprint: 'simulated' })
    expect(answer.id).toMatch(/^chatcmpl-/)
    expect(answer.choices).toMatchObject([{ index: 0, message: { role: 'assistant', tool_calls: [] }, finish_reason: 'length', stop_reason: null }])
    expect(answer.choices[0]!.message.content.split(' ')).toHaveLength(5)
    expect(answer.usage).toMatchObject({ completion_tokens: 5, prompt_tokens_details: { cached_tokens: 0 } })
    expect(answer.usage!.total_tokens).toBe(answer.usage!.prompt_tokens + 5)
  })

  it.each([true, 'true'])(
    'streams: role with the first token, finish with the last, usage when include_usage is %j, [DONE]',
    async (includeUsage) => {
      const url = await start()
      const body = {
        messages: user('hello'),
        stream: true,
        max_completion_tokens: 3,
        ignore_eos: true,
        stream_options: { include_usage: includeUsage },
      }
      const response = await post(`${url}/v1/chat/completions`, body, { 'x-request-id': 'abc' })
      expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
      const chunks = events(await response.text())
      expect(chunks[0]).toMatchObject({ id: 'chatcmpl-abc', object: 'chat.completion.chunk', system_fingerprint: 'simulated' })
      expect(chunks[0]?.choices).toEqual([{ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }])
      // A late step brings several tokens in one chunk, so the number of chunks is up to the machine.
      const content = chunks.slice(1, -1).map(({ choices }) => choices[0]!)
      expect(content.map(({ delta, finish_reason: reason }) => [delta.role, reason])).toEqual(
        content.map((_, index) => [undefined, index === content.length - 1 ? 'length' : null]),
      )
      expect(
        content
          .map(({ delta }) => delta.content)
          .join('')
          .split(' '),
      ).toHaveLength(3)
      expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 3 } })
    },
  )

  it('streams the text that it answers whole, and stops by itself', async () => {
    const url = await start({ answerTokensMean: 30 })
    const whole = await jsonOf(post(`${url}/v1/chat/completions`, { messages: user('a') }))
    expect(whole.choices[0]!.finish_reason).toBe('stop')
    const streamed = events(await (await post(`${url}/v1/chat/completions`, { messages: user('a'), stream: true })).text())
    const text = streamed.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')
    expect(text).toBe(whole.choices[0]!.message.content)
    expect(streamed.some((chunk) => chunk.usage !== undefined)).toBe(false)
  })

  it('reports the first turn and its answer as cached in the second turn', async () => {
    const url = await start()
    const first = { messages: user('A long question about lines and levers. '.repeat(40)), max_tokens: 100, ignore_eos: true }
    const answer = await jsonOf(post(`${url}/v1/chat/completions`, first))
    const messages = [...first.messages, answer.choices[0]!.message, { role: 'user', content: 'And then?' }]
    const second = await jsonOf(post(`${url}/v1/chat/completions`, { messages, max_tokens: 1 }))
    const cached = second.usage!.prompt_tokens_details!.cached_tokens
    expect(cached).toBeGreaterThan(answer.usage!.prompt_tokens)
    expect(cached).toBeGreaterThan(answer.usage!.total_tokens - 2 * 16)
    expect((await metricsOf(url)).get('vllm:prefix_cache_hits_total')).toBe(cached)
    const salted = await jsonOf(post(`${url}/v1/chat/completions`, { messages, max_tokens: 1, cache_salt: 'x' }))
    expect(salted.usage!.prompt_tokens_details!.cached_tokens).toBe(0)
  })

  it('leaves cached tokens unknown when it does not report them', async () => {
    const url = await start({ reportCachedTokens: false })
    const answer = await jsonOf(post(`${url}/v1/chat/completions`, { messages: user('a'), max_tokens: 1 }))
    expect(answer.usage!.prompt_tokens_details).toBeNull()
  })
})

it('is understood by the official client', async () => {
  const url = await start()
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
  const stream = await client.chat.completions.create({
    model: 'demo-8b',
    messages: [{ role: 'user', content: 'hello' }],
    max_completion_tokens: 4,
    stream: true,
    stream_options: { include_usage: true },
  })
  let text = ''
  let completionTokens: number | undefined
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? ''
    completionTokens = chunk.usage?.completion_tokens ?? completionTokens
  }
  expect([text.split(' ').length, completionTokens]).toEqual([4, 4])
  await expect(client.completions.create({ model: 'other', prompt: 'a' })).rejects.toMatchObject({ status: 404, param: 'model' })
})

describe('completions', () => {
  it.each([
    ['text', 'Once upon', 1],
    ['texts', ['Once', 'upon'], 2],
    ['tokens', [1, 2, 3], 1],
    ['token lists', [[1, 2], [3]], 2],
  ])('takes a prompt as %s', async (_name, prompt, choices) => {
    const url = await start()
    const answer = await jsonOf(post(`${url}/v1/completions`, { model: 'demo-8b', prompt, ignore_eos: true }))
    expect(answer).toMatchObject({ object: 'text_completion', usage: { completion_tokens: 16 * choices } })
    expect(answer.choices.map((choice) => [choice.index, choice.finish_reason])).toEqual(Array.from({ length: choices }, (_, i) => [i, 'length']))
  })

  it('streams several prompts side by side', async () => {
    const url = await start()
    const body = { prompt: ['a', 'b'], max_tokens: 20, ignore_eos: true }
    const whole = await jsonOf(post(`${url}/v1/completions`, body))
    const chunks = events(await (await post(`${url}/v1/completions`, { ...body, stream: true })).text()).flatMap(({ choices }) => choices)
    const textOf = (index: number) => chunks.filter((chunk) => chunk.index === index).map(({ text }) => text)
    expect([textOf(0).join(''), textOf(1).join('')]).toEqual(whole.choices.map(({ text }) => text))
    expect(chunks.slice(0, 2).map(({ index }) => index)).toEqual([0, 1])
    expect(chunks.slice(-2).map(({ index, finish_reason: reason }) => [index, reason])).toEqual([
      [0, 'length'],
      [1, 'length'],
    ])
  })
})

describe('errors', () => {
  it.each([
    ['n of 2 at temperature 0', { messages: user('a'), n: 2, temperature: 0 }, 400, 'n'],
    ['a limit beyond the context', { messages: user('a'), max_tokens: 9000 }, 400, 'max_tokens'],
    ['no messages', { messages: [] }, 400, 'messages'],
    ['a bad limit', { messages: user('a'), max_tokens: 0 }, 400, 'max_tokens'],
    ['an unknown model', { model: 'other', messages: user('a') }, 404, 'model'],
    ['a prompt beyond the context', { messages: user('word '.repeat(20_000)) }, 400, 'messages'],
  ])('answers %s with an error that names the field', async (_name, body, status, param) => {
    const url = await start()
    const response = await post(`${url}/v1/chat/completions`, body)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code: status, param, type: status === 404 ? 'NotFoundError' : 'BadRequestError' } })
    expect(response.headers.get('x-signalbox-simulated')).toBe('true')
  })

  it('refuses bodies that are no JSON or too large', async () => {
    const url = await start({ bodyBytesMax: 1000 })
    const broken = await fetch(`${url}/v1/completions`, { method: 'POST', body: '{"prompt": ' })
    expect(broken.status).toBe(400)
    const large = await post(`${url}/v1/completions`, { prompt: 'x'.repeat(2000) })
    expect([large.status, (await jsonOf(large)).error.code]).toEqual([413, 413])
    const chunked = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${url}/v1/completions`, { method: 'POST' }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      request.on('error', reject)
      request.write('x'.repeat(2000))
    })
    expect(chunked).toBe(413)
  })

  it('answers unknown paths and wrong methods', async () => {
    const url = await start()
    expect((await fetch(`${url}/nothing`)).status).toBe(404)
    expect((await fetch(`${url}/v1/completions`)).status).toBe(405)
  })

  it('answers 503 when its waiting queue is full', async () => {
    const url = await start({ engine: { ...demo, waitingMax: 1 } })
    const response = await post(`${url}/v1/completions`, { prompt: ['a', 'b'] })
    expect([response.status, (await jsonOf(response)).error.type]).toEqual([503, 'Service Unavailable'])
  })
})

describe('a client that leaves', () => {
  it.each([true, false])('is aborted in the engine at once (stream: %j)', async (stream) => {
    const url = await start({ speed: 1 })
    const client = new AbortController()
    const body = JSON.stringify({ messages: user('a'), stream, max_tokens: 8000, ignore_eos: true })
    const answering = fetch(`${url}/v1/chat/completions`, { method: 'POST', body, signal: client.signal }).then((response) => response.text())
    await until(async () => (await metricsOf(url)).get('vllm:num_requests_running') === 1)
    client.abort()
    await expect(answering).rejects.toThrow()
    await until(async () => (await metricsOf(url)).get('vllm:num_requests_running') === 0)
    const metrics = await metricsOf(url)
    expect(metrics.get('vllm:request_success_total{abort}')).toBe(1)
    expect(metrics.get('vllm:kv_cache_usage_perc')).toBe(0)
  })
})

describe('metrics and the small endpoints', () => {
  it('measures in vLLM’s names, which the catalogue reads back', async () => {
    const url = await start()
    const before = await metricsOf(url)
    for (const reason of ['stop', 'length', 'abort', 'error']) expect(before.get(`vllm:request_success_total{${reason}}`)).toBe(0)
    await (await post(`${url}/v1/completions`, { prompt: [1, 2, 3, 4], max_tokens: 7, ignore_eos: true })).json()
    const after = await metricsOf(url)
    expect(after.get('vllm:request_success_total{length}')).toBe(1)
    expect([after.get('vllm:prompt_tokens_total'), after.get('vllm:generation_tokens_total')]).toEqual([4, 7])
    expect([after.get('vllm:time_to_first_token_seconds_count'), after.get('vllm:inter_token_latency_seconds_count')]).toEqual([1, 6])
    const samples: { name: string; labels: Labels; value: number }[] = []
    decodePage(new Uint8Array(await (await fetch(`${url}/metrics`)).arrayBuffer()), {
      sample: (series, value) => {
        const parsed = parseSeries(series)
        if (parsed.ok) samples.push({ ...parsed.value, value })
      },
    })
    expect(readEngineState(samples)).toMatchObject({ runningRequests: 0, waitingRequests: 0, kvUsageRatio: 0, kvCapacityTokens: 768 * 16 })
  })

  it.each([
    ['vllm', '0.32.0'],
    ['vllm-0.9', '0.9.2'],
    ['vllm-v0', '0.8.5'],
    ['sglang', '0.32.0'],
  ] as const)('speaks %s in metrics, and vLLM %s in everything else', async (dialect, version) => {
    const url = await start({ dialect })
    const names = new Set([...(await metricsOf(url)).keys()].map((series) => series.replace(/\{.*/, '')))
    expect(detectDialect(names)?.dialect).toBe(dialect)
    expect((await jsonOf(fetch(`${url}/version`))).version).toBe(`${version}+simulated`)
    expect(await jsonOf(fetch(`${url}/v1/models`))).toMatchObject({ data: [{ id: 'demo-8b', owned_by: 'vllm' }] })
  })

  it('measures the limit that a request asks for, or the room that is left', async () => {
    const url = await start()
    await (await post(`${url}/v1/completions`, { prompt: [1, 2, 3, 4], max_tokens: 7 })).json()
    await (await post(`${url}/v1/chat/completions`, { messages: user('a') })).json()
    const metrics = await metricsOf(url)
    const prompt = (metrics.get('vllm:request_prompt_tokens_sum') as number) - 4
    expect(metrics.get('vllm:request_params_max_tokens_sum')).toBe(7 + 8192 - prompt)
  })

  it('counts what its full queue refuses', async () => {
    const url = await start({ engine: { ...demo, waitingMax: 1 } })
    expect((await post(`${url}/v1/completions`, { prompt: ['a', 'b'] })).status).toBe(503)
    expect((await metricsOf(url)).get('vllm:admission_rejections_total')).toBe(1)
  })

  it('renders OpenMetrics when asked', async () => {
    const url = await start()
    const response = await fetch(`${url}/metrics`, { headers: { accept: 'application/openmetrics-text; version=1.0.0' } })
    expect(response.headers.get('content-type')).toContain('application/openmetrics-text')
    expect(await response.text()).toMatch(/# EOF\n$/)
  })

  it('answers health, version and embeddings', async () => {
    const url = await start()
    expect(await (await fetch(`${url}/health`)).text()).toBe('')
    expect((await jsonOf(fetch(`${url}/version`))).version).toContain('simulated')
    const embed = (body: object) => jsonOf(post(`${url}/v1/embeddings`, body))
    const [once, again] = [await embed({ input: 'a line', dimensions: 8 }), await embed({ input: ['a line'], dimensions: 8 })]
    expect(once.data).toEqual(again.data)
    expect(Math.hypot(...(once.data[0]!.embedding as number[]))).toBeCloseTo(1, 5)
    const packed = await embed({ input: 'a line', dimensions: 8, encoding_format: 'base64' })
    expect(Buffer.from(packed.data[0]!.embedding as string, 'base64')).toHaveLength(32)
  })
})

describe('closing', () => {
  it('lets running requests finish within the grace', async () => {
    const url = await start({ speed: 10 })
    const response = await post(`${url}/v1/completions`, {
      prompt: 'a',
      stream: true,
      max_tokens: 30,
      ignore_eos: true,
      stream_options: { include_usage: true },
    })
    const [text] = await Promise.all([response.text(), server?.close(60_000)])
    expect(events(text).at(-1)?.usage).toMatchObject({ completion_tokens: 30 })
    await expect(fetch(`${url}/health`)).rejects.toThrow()
  })

  it('ends streams with an error event after it', async () => {
    const url = await start({ speed: 1 })
    const response = await post(`${url}/v1/completions`, { prompt: 'a', stream: true, max_tokens: 8000, ignore_eos: true })
    const [text] = await Promise.all([response.text(), server?.close(0)])
    expect(events(text).at(-1)).toMatchObject({ error: { code: 503 } })
  })

  it('is not held up by connections that clients keep open', async () => {
    const url = await start()
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()).on('error', () => {}))
    await new Promise<void>((resolve) => socket.on('connect', () => resolve()))
    await server?.close(0)
    await ended
  })

  it('says who holds a port that is taken', async () => {
    const url = await start()
    await expect(
      startModelServer({ host: '127.0.0.1', port: Number(new URL(url).port), name: 'b', engine: demo, clock: systemClock }),
    ).rejects.toThrow(/is taken/)
  })
})
