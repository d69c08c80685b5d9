import { describe, expect, it } from 'vitest'
import { completion, demo, jsonOf, post, seriesOf, startServer, until } from './simulated-server.ts'

interface Answer {
  readonly model: string
  readonly usage: { readonly prompt_tokens_details: { readonly cached_tokens: number } }
}

const LONG = { prompt: 'A long question about lines and levers. '.repeat(20) }
const cachedOf = async (url: string): Promise<number> => (await jsonOf<Answer>(completion(url, 1, LONG))).usage.prompt_tokens_details.cached_tokens
const isSleeping = async (url: string): Promise<boolean> => (await jsonOf<{ is_sleeping: boolean }>(fetch(`${url}/is_sleeping`))).is_sleeping
const sleepStates = async (url: string): Promise<readonly string[]> =>
  [...(await seriesOf(url))].filter(([series, value]) => series.startsWith('vllm:engine_sleep_state') && value === 1).map(([series]) => series)

describe('sleep', () => {
  it.each([
    [1, 'weights_offloaded'],
    [2, 'discard_all'],
  ])('of level %i refuses requests, forgets the cache and is seen in the metrics; waking ends it', async (level, state) => {
    const { url } = await startServer()
    await cachedOf(url)
    expect(await cachedOf(url)).toBeGreaterThan(0)
    const slept = await post(`${url}/sleep?level=${level}`)
    expect([slept.status, await slept.text(), await isSleeping(url)]).toEqual([200, '', true])
    expect(await sleepStates(url)).toEqual([`vllm:engine_sleep_state{sleep_state="${state}"}`])
    const refused = await completion(url, 1)
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: { type: 'Service Unavailable' } }])
    expect((await post(`${url}/wake_up`)).status).toBe(200)
    expect(await isSleeping(url)).toBe(false)
    expect(await sleepStates(url)).toEqual(['vllm:engine_sleep_state{sleep_state="awake"}'])
    expect(await cachedOf(url)).toBe(0)
  })

  it('ends part by part where tags are given', async () => {
    const { url } = await startServer()
    await post(`${url}/sleep`)
    await post(`${url}/wake_up?tags=weights`)
    expect([await isSleeping(url), (await completion(url, 1)).status]).toEqual([true, 503])
    await post(`${url}/wake_up?tags=kv_cache`)
    expect([await isSleeping(url), (await completion(url, 1)).status]).toEqual([false, 200])
  })

  it('is refused while requests run, and with a level or part that is none', async () => {
    const { url } = await startServer({ speed: 1 })
    const client = new AbortController()
    const body = JSON.stringify({ prompt: 'a', max_tokens: 5_000, ignore_eos: true, stream: true })
    const response = await fetch(`${url}/v1/completions`, { method: 'POST', body, signal: client.signal })
    expect(response.status).toBe(200)
    expect((await post(`${url}/sleep`)).status).toBe(409)
    expect(await isSleeping(url)).toBe(false)
    client.abort()
    await response.text().catch(() => '')
    await until(async () => (await post(`${url}/sleep`)).status === 200)
    expect((await post(`${url}/sleep?level=3`)).status).toBe(400)
    expect((await post(`${url}/wake_up?tags=all`)).status).toBe(400)
  })
})

describe('caches', () => {
  it('are emptied on demand', async () => {
    const { url } = await startServer()
    await cachedOf(url)
    expect(await cachedOf(url)).toBeGreaterThan(0)
    for (const cache of ['mm', 'encoder', 'prefix']) expect((await post(`${url}/reset_${cache}_cache`)).status).toBe(200)
    expect(await cachedOf(url)).toBe(0)
  })
})

describe('/server_info', () => {
  it('says what the engine has, as text and as JSON', async () => {
    const { url } = await startServer({ role: 'prefill', engine: { ...demo, kvTransfer: { setupMs: 1, msPerToken: 0 }, scheduling: 'priority' } })
    expect(await jsonOf(fetch(`${url}/server_info?config_format=json`))).toMatchObject({
      simulated: true,
      vllm_config: {
        model_config: { model: 'demo-8b', max_model_len: 8192 },
        cache_config: { block_size: 16, num_gpu_blocks: 768 },
        scheduler_config: { policy: 'priority' },
        kv_transfer_config: { kv_role: 'kv_producer' },
      },
    })
    const { vllm_config: text } = await jsonOf<{ vllm_config: string }>(fetch(`${url}/server_info`))
    expect(text).toContain('scheduler_config={"policy":"priority"')
    expect((await fetch(`${url}/server_info?config_format=yaml`)).status).toBe(400)
  })
})

describe('an api key', () => {
  it('is asked for under /v1 alone', async () => {
    const { url } = await startServer({ apiKey: 'sesame' })
    const bare = await fetch(`${url}/v1/models`)
    expect([bare.status, await bare.json()]).toEqual([401, { error: 'Unauthorized' }])
    const tried = async (authorization: string): Promise<number> => (await fetch(`${url}/v1/models`, { headers: { authorization } })).status
    expect(await Promise.all(['Bearer sesame', 'bearer sesame', 'Bearer sesam', 'Basic sesame', 'sesame'].map(tried))).toEqual([
      200, 200, 401, 401, 401,
    ])
    expect((await completion(url, 1)).status).toBe(401)
    for (const path of ['/health', '/metrics', '/version', '/is_sleeping', '/simulator/faults'])
      expect((await fetch(`${url}${path}`)).status).toBe(200)
  })
})

describe('adapters', () => {
  interface Card {
    readonly id: string
    readonly root: string
    readonly parent: string | null
    readonly max_model_len: number | null
  }
  const cardsOf = async (url: string): Promise<readonly Card[]> => (await jsonOf<{ data: readonly Card[] }>(fetch(`${url}/v1/models`))).data
  const load = (url: string, body: object): Promise<Response> => post(`${url}/v1/load_lora_adapter`, body)

  it('are there from the start, come and go, and answer under their names', async () => {
    const { url } = await startServer({ adapters: { sql: 'adapters/sql' } })
    expect(await (await load(url, { lora_name: 'poems', lora_path: 'adapters/poems' })).text()).toBe(
      "Success: LoRA adapter 'poems' added successfully.",
    )
    expect((await cardsOf(url)).map(({ id, root, parent, max_model_len }) => [id, root, parent, max_model_len])).toEqual([
      ['demo-8b', 'demo-8b', null, 8192],
      ['sql', 'adapters/sql', 'demo-8b', null],
      ['poems', 'adapters/poems', 'demo-8b', null],
    ])
    expect((await jsonOf<Answer>(completion(url, 1, { model: 'poems' }))).model).toBe('poems')
    const removed = await post(`${url}/v1/unload_lora_adapter`, { lora_name: 'poems' })
    expect([removed.status, await removed.text()]).toEqual([200, "Success: LoRA adapter 'poems' removed successfully."])
    expect((await completion(url, 1, { model: 'poems' })).status).toBe(404)
    expect((await completion(url, 1, { model: 'sql' })).status).toBe(200)
  })

  it.each([
    [{ lora_name: 'sql' }, 400, 'InvalidUserInput'],
    [{ lora_name: 'sql', lora_path: 'adapters/sql' }, 400, 'InvalidUserInput'],
    [{ lora_name: 'demo-8b', lora_path: 'adapters/sql' }, 400, 'InvalidUserInput'],
    [{ lora_name: 'new', lora_path: 'adapters/missing/new' }, 404, 'NotFoundError'],
  ])('are not loaded by %j', async (body, status, type) => {
    const { url } = await startServer({ adapters: { sql: 'adapters/sql' } })
    const refused = await load(url, body)
    expect([refused.status, await refused.json()]).toMatchObject([status, { error: { type, code: status } }])
    expect((await cardsOf(url)).map(({ id }) => id)).toEqual(['demo-8b', 'sql'])
  })

  it('are loaded again in place where that is asked for, and not unloaded where they are not', async () => {
    const { url } = await startServer({ adapters: { sql: 'adapters/sql' } })
    expect((await load(url, { lora_name: 'sql', lora_path: 'adapters/sql-2', load_inplace: true })).status).toBe(200)
    expect((await cardsOf(url)).map(({ root }) => root)).toEqual(['demo-8b', 'adapters/sql-2'])
    const unloaded = await post(`${url}/v1/unload_lora_adapter`, { lora_name: 'gone' })
    expect([unloaded.status, await unloaded.json()]).toMatchObject([404, { error: { type: 'NotFoundError' } }])
  })

  it('share no cached prompt with the model, nor with one another', async () => {
    const { url } = await startServer({ adapters: { a: 'a', b: 'b' } })
    await cachedOf(url)
    for (const model of ['a', 'b']) {
      const cached = async (): Promise<number> =>
        (await jsonOf<Answer>(completion(url, 1, { ...LONG, model }))).usage.prompt_tokens_details.cached_tokens
      expect(await cached()).toBe(0)
      expect(await cached()).toBeGreaterThan(0)
    }
  })

  it('wait for a slot while another one runs, and the metrics say who', async () => {
    const { url } = await startServer({ speed: 1, adapters: { a: 'a', b: 'b' }, engine: { ...demo, adapterSlots: 1 } })
    const client = new AbortController()
    const body = JSON.stringify({ model: 'a', prompt: 'x', max_tokens: 5_000, ignore_eos: true, stream: true })
    const first = await fetch(`${url}/v1/completions`, { method: 'POST', body, signal: client.signal })
    await until(async () => (await seriesOf(url)).get('vllm:num_requests_running') === 1)
    const second = completion(url, 1, { model: 'b' })
    await until(async () => (await seriesOf(url)).get('vllm:num_requests_waiting') === 1)
    const series = await seriesOf(url)
    expect(series.get('vllm:num_requests_waiting_by_reason{reason="deferred"}')).toBe(1)
    const lora = [...series.keys()].find((key) => key.startsWith('vllm:lora_requests_info') && key.includes('running_lora_adapters="a"'))
    expect(lora).toContain('waiting_lora_adapters="b"')
    client.abort()
    await first.text().catch(() => '')
    expect((await second).status).toBe(200)
  })

  it('are waited for while they are loaded', async () => {
    const { url } = await startServer({ speed: 1, adapters: { a: 'a' }, engine: { ...demo, adapterLoadMs: 150 } })
    const began = performance.now()
    await (await completion(url, 1, { model: 'a' })).json()
    expect(performance.now() - began).toBeGreaterThan(150)
  })
})
