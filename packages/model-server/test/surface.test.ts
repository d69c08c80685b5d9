import { describe, expect, it } from 'vitest'
import { demo, jsonOf, post, seriesOf, startServer, until } from './simulated-server.ts'

const user = (content: unknown) => [{ role: 'user', content }]
const say = { messages: user('Which line is clear?') }

interface Completion {
  readonly id: string
  readonly choices: readonly {
    readonly index: number
    readonly text: string
    readonly finish_reason: string
    readonly stop_reason: string | number | null
    readonly token_ids?: number[]
  }[]
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number }
}

describe('bad input', () => {
  const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } }
  it.each<[string, string, object, string]>([
    ['an empty prompt', 'completions', { prompt: '' }, 'prompt'],
    ['a prompt of neither text nor tokens', 'completions', { prompt: [1, 'a'] }, 'prompt'],
    ['tokens that are none', 'completions', { prompt: [-1] }, 'prompt'],
    ['too many answers', 'completions', { prompt: 'a', n: 1000 }, 'n'],
    ['too many prompts', 'completions', { prompt: Array(300).fill('a') }, 'prompt'],
    ['more tokens than can be planned', 'completions', { prompt: 'a', n: 200, max_tokens: 8000, ignore_eos: true }, 'max_tokens'],
    ['too many alternatives', 'completions', { prompt: 'a', logprobs: 21 }, 'logprobs'],
    ['an empty stop text', 'completions', { prompt: 'a', stop: [''] }, 'stop'],
    ['prompt_logprobs', 'completions', { prompt: 'a', prompt_logprobs: 1 }, 'prompt_logprobs'],
    ['a negative temperature', 'completions', { prompt: 'a', temperature: -1 }, 'temperature'],
    ['a top_p of 0', 'completions', { prompt: 'a', top_p: 0 }, 'top_p'],
    ['less than the least', 'completions', { prompt: 'a', max_tokens: 4, min_tokens: 5 }, 'min_tokens'],
    ['a priority', 'completions', { prompt: 'a', priority: 1 }, 'priority'],
    ['stream options of a whole answer', 'completions', { prompt: 'a', stream_options: {} }, 'stream_options'],
    [
      'a usage option that is none',
      'completions',
      { prompt: 'a', stream: true, stream_options: { include_usage: 3 } },
      'stream_options.include_usage',
    ],
    ['a model that is no text', 'completions', { prompt: 'a', model: 1 }, 'model'],
    ['a message without a role', 'chat/completions', { messages: [{ content: 'a' }] }, 'messages[0]'],
    ['top_logprobs alone', 'chat/completions', { ...say, top_logprobs: 1 }, 'top_logprobs'],
    ['a required call without tools', 'chat/completions', { ...say, tool_choice: 'required' }, 'tool_choice'],
    [
      'a call of another tool',
      'chat/completions',
      { ...say, tools: [tool], tool_choice: { type: 'function', function: { name: 'g' } } },
      'tool_choice',
    ],
    ['a tool without a name', 'chat/completions', { ...say, tools: [{ type: 'function', function: {} }] }, 'tools[0]'],
    ['a format without a schema', 'chat/completions', { ...say, response_format: { type: 'json_schema' } }, 'response_format'],
    [
      'a schema that is not supported',
      'chat/completions',
      { ...say, response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'string', pattern: 'a+' } } } },
      'response_format',
    ],
    ['a grammar', 'chat/completions', { ...say, structured_outputs: { grammar: 'a' } }, 'structured_outputs'],
    ['no input', 'responses', {}, 'input'],
    ['an item of an unknown type', 'responses', { input: [{ type: 'web_search_call' }] }, 'input[0]'],
    ['a limit beyond the context', 'responses', { input: 'a', max_output_tokens: 8192 }, 'max_output_tokens'],
    ['a vector without dimensions', 'embeddings', { input: 'a', dimensions: 0 }, 'dimensions'],
    ['an unknown encoding', 'embeddings', { input: 'a', encoding_format: 'hex' }, 'encoding_format'],
  ])('answers %s with 400 that names the field', async (_name, path, body, param) => {
    const { url } = await startServer()
    const response = await post(`${url}/v1/${path}`, body)
    const { error } = await jsonOf<{ error: { param: string; message: string; code: number; type: string } }>(response)
    expect([response.status, error.code, error.type, error.param]).toEqual([400, 400, 'BadRequestError', param])
    expect(error.message).toContain(param)
  })

  it('is told what is wrong in a schema, and where', async () => {
    const { url } = await startServer()
    const schema = { type: 'object', properties: { a: { type: 'string', pattern: 'a+' } } }
    const response = await post(`${url}/v1/chat/completions`, {
      ...say,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
    })
    const { error } = await jsonOf<{ error: { message: string } }>(response)
    expect(error.message).toBe('response_format: the schema at #/properties/a: pattern is not supported')
  })

  it('accepts fields that it does not know', async () => {
    const { url } = await startServer()
    expect((await post(`${url}/v1/completions`, { prompt: 'a', no_such_field: { a: 1 }, top_k: 3, user: null })).status).toBe(200)
  })
})

describe('limits and stops', () => {
  it('leaves priorities to an engine that schedules by them', async () => {
    const { url } = await startServer({ engine: { ...demo, scheduling: 'priority' } })
    expect((await post(`${url}/v1/completions`, { prompt: 'a', priority: -3 })).status).toBe(200)
  })

  it('has 16 tokens by default, all of them where the end is ignored, and more than its own where they are the least', async () => {
    const { url } = await startServer({ answerTokensMean: 4 })
    const answered = async (body: object): Promise<Completion> => jsonOf(post(`${url}/v1/completions`, { prompt: 'Once upon', ...body }))
    expect((await answered({ ignore_eos: true })).usage.completion_tokens).toBe(16)
    expect(await answered({ min_tokens: 90, max_tokens: 100 })).toMatchObject({
      usage: { completion_tokens: 90 },
      choices: [{ finish_reason: 'stop' }],
    })
  })

  it('stops at a text, which it shows only when asked, and at a token', async () => {
    const { url } = await startServer()
    const answered = async (body: object): Promise<Completion> =>
      jsonOf(post(`${url}/v1/completions`, { prompt: 'Once upon', max_tokens: 60, ignore_eos: true, return_token_ids: true, ...body }))
    const whole = await answered({})
    const text = whole.choices[0]?.text ?? ''
    const stop = text.slice(20, 27)
    const cut = await answered({ stop: ['not in it', stop] })
    expect(cut.choices[0]).toMatchObject({ text: text.slice(0, text.indexOf(stop)), finish_reason: 'stop', stop_reason: stop })
    expect(cut.usage.completion_tokens).toBeLessThan(60)
    const shown = await answered({ stop, include_stop_str_in_output: true })
    expect(shown.choices[0]?.text.endsWith(stop)).toBe(true)
    const token = whole.choices[0]?.token_ids?.[9] as number
    const first = (whole.choices[0]?.token_ids ?? []).indexOf(token)
    expect(await answered({ stop_token_ids: [token] })).toMatchObject({
      choices: [{ finish_reason: 'stop', stop_reason: token }],
      usage: { completion_tokens: first + 1 },
    })
  })

  it('streams nothing of a stop text', async () => {
    const { url } = await startServer()
    const body = { prompt: 'Once upon', max_tokens: 60, ignore_eos: true }
    const text = (await jsonOf<Completion>(post(`${url}/v1/completions`, body))).choices[0]?.text ?? ''
    const stop = text.slice(31, 44)
    const streamed = await (await post(`${url}/v1/completions`, { ...body, stop, stream: true })).text()
    const chunks = streamed.split('\n\n').slice(0, -2)
    const texts = chunks.map((chunk) => (JSON.parse(chunk.slice(6)) as Completion).choices[0]?.text)
    expect(texts.join('')).toBe(text.slice(0, text.indexOf(stop)))
    expect(chunks.at(-1)).toContain(`"finish_reason":"stop","stop_reason":${JSON.stringify(stop)}`)
  })

  it('answers with the prompt alone where 0 tokens are asked for with echo', async () => {
    const { url } = await startServer()
    const answer = await jsonOf<Completion>(post(`${url}/v1/completions`, { prompt: 'Once upon', max_tokens: 0, echo: true }))
    expect(answer.choices[0]?.text.startsWith('Once upon')).toBe(true)
    expect((await post(`${url}/v1/completions`, { prompt: 'Once upon', max_tokens: 0 })).status).toBe(400)
  })

  it('says the usage so far in every chunk where asked, and waits for as many tokens as asked', async () => {
    const { url } = await startServer()
    const body = {
      prompt: 'Once',
      stream: true,
      max_tokens: 25,
      ignore_eos: true,
      stream_interval: 10,
      stream_options: { continuous_usage_stats: true },
    }
    const text = await (await post(`${url}/v1/completions`, body)).text()
    const counts = text
      .split('\n\n')
      .slice(0, -2)
      .map((chunk) => (JSON.parse(chunk.slice(6)) as Completion).usage.completion_tokens)
    expect(counts.at(-1)).toBe(25)
    expect(counts.slice(1, -1).every((count, index) => count - (counts[index] as number) >= 10)).toBe(true)
  })

  it('leaves cached tokens unknown where they are not reported, and gives one answer where no more can be asked for', async () => {
    const { url } = await startServer({ reportCachedTokens: false })
    const response = await jsonOf<{ output: unknown[] }>(post(`${url}/v1/responses`, { input: 'a', n: 3 }))
    expect(response).toMatchObject({ usage: { input_tokens_details: null } })
    expect(response.output).toHaveLength(1)
    const message = await jsonOf(post(`${url}/v1/messages`, { messages: user('a'), max_tokens: 1 }))
    expect(message).toMatchObject({ usage: { cache_read_input_tokens: null } })
  })

  it('takes its name from the header, then from the body', async () => {
    const { url } = await startServer()
    const named = (body: object, headers: Record<string, string> = {}): Promise<Completion> =>
      jsonOf(post(`${url}/v1/completions`, { prompt: 'a', ...body }, headers))
    expect((await named({ request_id: 'mine' })).id).toBe('cmpl-mine')
    expect((await named({ request_id: 'mine' }, { 'x-request-id': 'theirs' })).id).toBe('cmpl-theirs')
  })
})

describe('tokenizers and texts', () => {
  it.each(['pieces', 'bytes', 'gpt-oss'] as const)('counts with %s, there and back', async (tokenizer) => {
    const { url } = await startServer({ tokenizer, texts: 'echo' })
    const prompt = 'Züge fahren 🚂 weiter.'
    const tokenized = await jsonOf<{ count: number; tokens: number[]; max_model_len: number; token_strs: null }>(post(`${url}/tokenize`, { prompt }))
    expect(tokenized).toMatchObject({ count: tokenized.tokens.length, max_model_len: 8192, token_strs: null })
    expect(await jsonOf(post(`${url}/detokenize`, { tokens: tokenized.tokens }))).toEqual({ prompt })
    const answer = await jsonOf<Completion>(post(`${url}/v1/completions`, { prompt, max_tokens: 100 }))
    expect(answer.usage).toMatchObject({ prompt_tokens: tokenized.count, completion_tokens: tokenized.count })
    expect(answer.choices[0]).toMatchObject({ text: prompt, finish_reason: 'stop' })
    const streamed = await (await post(`${url}/v1/completions`, { prompt, max_tokens: 100, stream: true })).text()
    const texts = streamed
      .split('\n\n')
      .slice(0, -2)
      .map((chunk) => (JSON.parse(chunk.slice(6)) as Completion).choices[0]?.text)
    expect(texts.join('')).toBe(prompt)
    expect(texts.some((text) => text?.includes('\ufffd'))).toBe(false)
    const conversation = await jsonOf<{ count: number }>(post(`${url}/tokenize`, { messages: user(prompt) }))
    const chat = await jsonOf<Completion>(post(`${url}/v1/chat/completions`, { messages: user(prompt), max_tokens: 1 }))
    expect(chat.usage.prompt_tokens).toBe(conversation.count)
  })

  it('counts an image as a thousand tokens', async () => {
    const { url } = await startServer()
    const count = async (content: unknown): Promise<number> =>
      (await jsonOf<{ count: number }>(post(`${url}/tokenize`, { messages: user(content) }))).count
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }
    expect((await count([{ type: 'text', text: 'Look' }, image])) - (await count('Look'))).toBe(1000)
  })

  it('renders prompts without generating', async () => {
    const { url } = await startServer()
    const { tokens } = await jsonOf<{ tokens: number[] }>(post(`${url}/tokenize`, say))
    const chat = await jsonOf(post(`${url}/v1/chat/completions/render`, { ...say, max_tokens: 7, model: 'demo-8b' }))
    expect(chat).toMatchObject({ token_ids: tokens, sampling_params: { max_tokens: 7 }, model: 'demo-8b', stream: false })
    const texts = await jsonOf<{ token_ids: number[] }[]>(post(`${url}/v1/completions/render`, { prompt: ['a', [5, 6]] }))
    expect(texts.map(({ token_ids: ids }) => ids.length)).toEqual([1, 2])
    expect((await seriesOf(url)).get('vllm:generation_tokens_total')).toBe(0)
    expect((await post(`${url}/v1/completions/render`, { prompt: 'a', model: 'other' })).status).toBe(404)
    expect(await jsonOf(fetch(`${url}/tokenizer_info`))).toMatchObject({ tokenizer_class: 'pieces', model_max_length: 8192 })
  })

  it('refuses to start with a file of texts that it cannot read', async () => {
    await expect(startServer({ texts: { file: 'no/such/file.jsonl' } })).rejects.toMatchObject({
      part: 'texts',
      message: expect.stringContaining('no/such/file'),
    })
  })
})

it('says how many requests it has, and answers pings like health checks', async () => {
  const { url } = await startServer({ speed: 1 })
  expect(await jsonOf(fetch(`${url}/load`))).toEqual({ server_load: 0 })
  const client = new AbortController()
  const body = JSON.stringify({ prompt: 'a', max_tokens: 4000, ignore_eos: true, n: 3 })
  const answering = fetch(`${url}/v1/completions`, { method: 'POST', body, signal: client.signal })
  await until(async () => (await jsonOf<{ server_load: number }>(fetch(`${url}/load`))).server_load === 1)
  client.abort()
  await expect(answering).rejects.toThrow()
  await until(async () => (await jsonOf<{ server_load: number }>(fetch(`${url}/load`))).server_load === 0)
  expect((await seriesOf(url)).get('vllm:num_requests_running')).toBe(0)
  expect([(await fetch(`${url}/ping`)).status, (await post(`${url}/ping`)).status]).toEqual([200, 200])
  await post(`${url}/simulator/faults`, { unhealthy: true })
  expect((await fetch(`${url}/ping`)).status).toBe(503)
})
