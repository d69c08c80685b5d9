import { describe, expect, it } from 'vitest'
import { completion, demo, jsonOf, post, type Running, seriesOf, startServer, until } from './simulated-server.ts'

const TRANSFER = { setupMs: 1, msPerToken: 0.001 }
const PROMPT = { prompt: 'A long question about lines and levers, points and crossings. '.repeat(30) }
/** What a router asks the prefill engine for. */
const TO_PREFILL = {
  kv_transfer_params: {
    do_remote_decode: true,
    do_remote_prefill: false,
    remote_engine_id: null,
    remote_block_ids: null,
    remote_host: null,
    remote_port: null,
  },
}

interface Answer {
  readonly choices: readonly { readonly text: string }[]
  readonly usage: { readonly prompt_tokens: number; readonly prompt_tokens_details: { readonly cached_tokens: number } }
  readonly kv_transfer_params: Transfer | null
}

interface Transfer {
  readonly remote_block_ids: readonly number[]
  readonly remote_request_id: string
  readonly remote_engine_id: string
  readonly remote_port: number
  readonly remote_num_tokens: number
}

const half = (kvHoldMs?: number): Promise<Running> =>
  startServer({ engine: { ...demo, kvTransfer: TRANSFER, ...(kvHoldMs === undefined ? {} : { kvHoldMs }) } })
const ask = (url: string, tokens: number, more: object = {}): Promise<Answer> => jsonOf<Answer>(completion(url, tokens, { ...PROMPT, ...more }))
const usageOf = async (url: string): Promise<number | undefined> => (await seriesOf(url)).get('vllm:kv_cache_usage_perc')

describe('a prefill/decode pair', () => {
  it('answers what one engine alone answers; the prefill engine’s blocks are held, fetched and free again', async () => {
    const [alone, prefill, decode] = [await startServer(), await half(), await half()]
    const expected = await ask(alone.url, 40)
    const first = await ask(prefill.url, 1, TO_PREFILL)
    const params = first.kv_transfer_params as Transfer
    const blocks = Math.ceil(first.usage.prompt_tokens / 16)
    expect(params).toMatchObject({
      do_remote_prefill: true,
      do_remote_decode: false,
      remote_host: '127.0.0.1',
      remote_port: prefill.server.port,
      tp_size: 1,
      remote_num_tokens: first.usage.prompt_tokens,
    })
    expect(new Set(params.remote_block_ids).size).toBe(blocks)
    expect(await usageOf(prefill.url)).toBeCloseTo(blocks / 767, 6)
    expect((await seriesOf(prefill.url)).get('vllm:num_requests_running')).toBe(0)
    const second = await ask(decode.url, 40, { kv_transfer_params: params })
    expect(second.choices).toEqual(expected.choices)
    expect(second.kv_transfer_params).toBeNull()
    await until(async () => (await usageOf(prefill.url)) === 0)
    const series = await seriesOf(decode.url)
    expect(series.get('vllm:prompt_tokens_by_source_total{source="external_kv_transfer"}')).toBeGreaterThan(0)
    expect(series.get('vllm:nixl_num_failed_notifications_total')).toBe(0)
    expect(series.get('vllm:nixl_xfer_time_seconds_count')).toBe(1)
  })

  it('needs no second engine where the first token is the last', async () => {
    const prefill = await half()
    const answer = await jsonOf<Answer>(post(`${prefill.url}/v1/completions`, { ...PROMPT, ...TO_PREFILL, max_tokens: 5_000 }))
    expect(answer.kv_transfer_params).toBeNull()
    expect(await usageOf(prefill.url)).toBe(0)
  })

  it('loses its blocks when nobody fetches them in time, which is counted', async () => {
    const prefill = await half(60)
    const { kv_transfer_params: params } = await ask(prefill.url, 1, TO_PREFILL)
    await until(async () => (await usageOf(prefill.url)) === 0)
    expect((await seriesOf(prefill.url)).get('vllm:nixl_num_kv_expired_reqs_total')).toBe(1)
    const late = { engine_id: params?.remote_engine_id, request_id: params?.remote_request_id }
    expect((await post(`${prefill.url}/simulator/kv-release`, late)).status).toBe(404)
  })

  it('cannot tell a prefill engine that is dead, whose blocks are gone with it', async () => {
    const [prefill, decode] = [await half(), await half()]
    const { kv_transfer_params: params } = await ask(prefill.url, 1, TO_PREFILL)
    prefill.server.setFaults({ die: true })
    await ask(decode.url, 5, { kv_transfer_params: params })
    await until(async () => (await seriesOf(decode.url)).get('vllm:nixl_num_failed_notifications_total') === 1)
    prefill.server.setFaults({})
    expect(await usageOf(prefill.url)).toBe(0)
  })

  it('goes on where the prefill engine cannot be told, which is counted', async () => {
    const [prefill, decode] = [await half(), await half()]
    const { kv_transfer_params: params } = await ask(prefill.url, 1, TO_PREFILL)
    await prefill.server.close(0)
    const answer = await ask(decode.url, 5, { kv_transfer_params: params })
    expect(answer.choices).toHaveLength(1)
    await until(async () => (await seriesOf(decode.url)).get('vllm:nixl_num_failed_notifications_total') === 1)
  })

  it('gives the blocks back when the client leaves before they are fetched', async () => {
    const prefill = await half()
    const decode = await startServer({ speed: 1, engine: { ...demo, kvTransfer: { setupMs: 600_000, msPerToken: 0 } } })
    const { kv_transfer_params: params } = await ask(prefill.url, 1, TO_PREFILL)
    const client = new AbortController()
    const body = JSON.stringify({ ...PROMPT, max_tokens: 5, kv_transfer_params: params })
    const answering = fetch(`${decode.url}/v1/completions`, { method: 'POST', body, signal: client.signal })
    await until(async () => (await seriesOf(decode.url)).get('vllm:num_requests_waiting_by_reason{reason="deferred"}') === 1)
    expect(await usageOf(prefill.url)).toBeGreaterThan(0)
    client.abort()
    await expect(answering).rejects.toThrow()
    await until(async () => (await usageOf(prefill.url)) === 0)
    expect(await usageOf(decode.url)).toBe(0)
  })

  it('is no pair for an engine without transfers', async () => {
    const { url } = await startServer()
    expect((await ask(url, 1, TO_PREFILL)).kv_transfer_params).toBeNull()
    expect(await usageOf(url)).toBe(0)
  })

  it('is refused where the parameters are wrong, or the answers are several', async () => {
    const { url } = await half()
    for (const more of [{ kv_transfer_params: { do_remote_decode: 'yes' } }, { ...TO_PREFILL, prompt: ['a', 'b'] }]) {
      const refused = await completion(url, 1, more)
      expect([refused.status, await refused.json()]).toMatchObject([400, { error: { param: 'kv_transfer_params' } }])
    }
    expect((await post(`${url}/simulator/kv-release`, { engine_id: 'x' })).status).toBe(400)
    expect((await post(`${url}/simulator/kv-release`, { engine_id: 'x', request_id: '0' })).status).toBe(404)
  })
})
