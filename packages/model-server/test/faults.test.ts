import { systemClock } from '@signalbox/node'
import { describe, expect, it } from 'vitest'
import { systemTimers } from '../src/index.ts'
import { completion, jsonOf, post, seriesOf, startServer, until } from './simulated-server.ts'

interface Report {
  readonly plan: object
  readonly active: Readonly<Record<string, unknown>>
  readonly counts: Readonly<Record<string, number>>
}

const setFaults = (url: string, plan: object): Promise<Report> => jsonOf<Report>(post(`${url}/simulator/faults`, plan))
const report = (url: string): Promise<Report> => jsonOf<Report>(fetch(`${url}/simulator/faults`))

/** What takes a minute or more happens when a test lets that much time pass, for the clock too; all else is as ever. */
function heldTimers() {
  let passedMs = 0
  const held: { readonly ms: number; readonly dueMs: number; readonly callback: () => void }[] = []
  const clock = { nowMs: () => systemClock.nowMs() + passedMs }
  const timers = {
    after(ms: number, callback: () => void): () => void {
      if (ms < 60_000) return systemTimers.after(ms, callback)
      const entry = { ms, dueMs: clock.nowMs() + ms, callback }
      held.push(entry)
      return () => {
        const at = held.indexOf(entry)
        if (at >= 0) held.splice(at, 1)
      }
    },
  }
  const pass = (ms: number): void => {
    passedMs += ms
    for (const entry of held.filter(({ dueMs }) => dueMs <= clock.nowMs())) {
      held.splice(held.indexOf(entry), 1)
      entry.callback()
    }
  }
  return { clock, timers, held, pass }
}

describe('requests that fail', () => {
  it('are so many, and no more', async () => {
    const { url } = await startServer()
    await setFaults(url, { failNextRequests: 2, status: 503 })
    const statuses: number[] = []
    for (let i = 0; i < 3; i++) statuses.push((await completion(url, 1)).status)
    expect(statuses).toEqual([503, 503, 200])
    expect(await report(url)).toMatchObject({ active: { failNextRequests: 0 }, counts: { failNextRequests: 2 } })
  })

  it('are a share of them, the same ones for the same seed', async () => {
    const statusesOf = async (seed: number): Promise<string> => {
      const { url } = await startServer({ seed, faults: { failRatio: 0.5, status: 429 } })
      const statuses: number[] = []
      for (let i = 0; i < 24; i++) statuses.push((await completion(url, 1)).status)
      return statuses.join()
    }
    const [once, again, other] = [await statusesOf(7), await statusesOf(7), await statusesOf(8)]
    expect(once).toBe(again)
    expect(once).not.toBe(other)
    const failed = once.split(',').filter((status) => status === '429').length
    expect(failed).toBeGreaterThan(3)
    expect(failed).toBeLessThan(21)
  })

  it('fail in mid-stream with an error event and [DONE], and leave nothing behind in the engine', async () => {
    const { url } = await startServer({ faults: { errorAfterTokens: 3 } })
    const text = await (await completion(url, 5_000, { stream: true })).text()
    const frames = text.split('\n\n').filter((frame) => frame !== '')
    const [error, done] = frames.slice(-2)
    expect(JSON.parse((error as string).slice('data: '.length))).toMatchObject({ error: { code: 500, message: 'failed on purpose' } })
    expect(done).toBe('data: [DONE]')
    const texts = frames.slice(0, -2).map((frame) => (JSON.parse(frame.slice('data: '.length)) as { choices: { text: string }[] }).choices[0]?.text)
    expect(texts.join('').split(' ')).toHaveLength(3)
    const whole = await completion(url, 50)
    expect([whole.status, await whole.json()]).toMatchObject([500, { error: { type: 'InternalServerError' } }])
    const series = await seriesOf(url)
    expect([series.get('vllm:num_requests_running'), series.get('vllm:kv_cache_usage_perc')]).toEqual([0, 0])
    expect((await report(url)).counts).toEqual({ errorAfterTokens: 2 })
  })

  it('break after so many tokens', async () => {
    const { url } = await startServer({ faults: { cutStreamAfterTokens: 2 } })
    const response = await completion(url, 50, { stream: true })
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    expect((await report(url)).counts).toEqual({ cutStreamAfterTokens: 1 })
  })
})

describe('connections', () => {
  it('are reset until told otherwise, but for the simulator’s own paths', async () => {
    const { url } = await startServer()
    await setFaults(url, { refuse: true })
    await expect(fetch(`${url}/health`)).rejects.toThrow()
    await setFaults(url, {})
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect((await report(url)).counts).toEqual({ refuse: 1 })
  })
})

describe('a process that dies', () => {
  it('breaks what is under way, refuses everything, and begins anew when told to', async () => {
    const { url } = await startServer({ speed: 1 })
    await completion(url, 1)
    const before = await seriesOf(url)
    const response = await completion(url, 5_000, { stream: true })
    const reading = response.text()
    await setFaults(url, { die: true })
    await expect(reading).rejects.toThrow()
    await expect(fetch(`${url}/health`)).rejects.toThrow()
    await expect(completion(url, 1)).rejects.toThrow()
    await setFaults(url, {})
    const after = await seriesOf(url)
    expect(before.get('vllm:prompt_tokens_total')).toBeGreaterThan(0)
    expect(after.get('vllm:prompt_tokens_total')).toBe(0)
    expect(after.get('process_start_time_seconds')).toBeGreaterThan(before.get('process_start_time_seconds') as number)
    expect((await completion(url, 1)).status).toBe(200)
  })

  it('is dead for forMs and alive after it', async () => {
    const { url } = await startServer()
    await setFaults(url, { die: { value: true, forMs: 30 } })
    await until(async () =>
      fetch(`${url}/health`).then(
        ({ status }) => status === 200,
        () => false,
      ),
    )
    expect(await report(url)).toMatchObject({ active: {}, counts: { die: 1 } })
  })

  it('loads again when it restarts: 503, counters from 0, cold cache, the adapters that it began with', async () => {
    const { url } = await startServer({ adapters: { sql: 'adapters/sql' } })
    const long = { prompt: 'A long question about lines and levers. '.repeat(20) }
    await completion(url, 1, long)
    expect((await jsonOf<Answer>(completion(url, 1, long))).usage.prompt_tokens_details.cached_tokens).toBeGreaterThan(0)
    await post(`${url}/v1/load_lora_adapter`, { lora_name: 'poems', lora_path: 'adapters/poems' })
    const before = await seriesOf(url)
    await setFaults(url, { restartMs: 600_000 })
    const loading = await fetch(`${url}/health`)
    expect([loading.status, await loading.json()]).toMatchObject([503, { error: { message: 'the engine is loading its model' } }])
    await setFaults(url, { restartMs: 0 })
    const after = await seriesOf(url)
    expect(after.get('process_start_time_seconds')).toBeGreaterThan(before.get('process_start_time_seconds') as number)
    expect(after.get('vllm:request_success_total{finished_reason="length"}')).toBe(0)
    expect((await jsonOf<Answer>(completion(url, 1, long))).usage.prompt_tokens_details.cached_tokens).toBe(0)
    const { data } = await jsonOf<{ data: readonly { id: string }[] }>(fetch(`${url}/v1/models`))
    expect(data.map(({ id }) => id)).toEqual(['demo-8b', 'sql'])
    expect((await report(url)).counts).toEqual({ restartMs: 2 })
  })

  it('is not found ready before it has loaded at its start', async () => {
    const { url } = await startServer({ startupMs: 60_000 })
    for (const path of ['/health', '/metrics', '/v1/models']) expect((await fetch(`${url}${path}`)).status).toBe(503)
    expect((await fetch(`${url}/simulator/faults`)).status).toBe(200)
  })
})

interface Answer {
  readonly usage: { readonly prompt_tokens_details: { readonly cached_tokens: number } }
}

describe('the engine’s pace and room', () => {
  it('is slower by a factor, and as ever again', async () => {
    const { url } = await startServer({ speed: 1 })
    // A loaded machine only adds to these: six steps of 16 ms, or of four times that.
    const secondsOf = async (): Promise<number> => {
      const before = (await seriesOf(url)).get('vllm:e2e_request_latency_seconds_sum') as number
      await (await completion(url, 6)).json()
      return ((await seriesOf(url)).get('vllm:e2e_request_latency_seconds_sum') as number) - before
    }
    expect(await secondsOf()).toBeGreaterThan(6 * 0.016)
    await setFaults(url, { slowFactor: 4 })
    expect(await secondsOf()).toBeGreaterThan(6 * 0.064)
    expect(await setFaults(url, {})).toMatchObject({ active: {}, counts: { slowFactor: 1 } })
  })

  it('stands still once', async () => {
    const { url } = await startServer()
    await setFaults(url, { stallMs: 150 })
    const began = performance.now()
    await (await completion(url, 2)).json()
    expect(performance.now() - began).toBeGreaterThan(145)
    expect(await report(url)).toMatchObject({ active: {}, counts: { stallMs: 1 } })
  })

  it('is without KV blocks until they are given back', async () => {
    const { url } = await startServer()
    await setFaults(url, { kvBlocksMax: 1 })
    let ended = false
    const answering = completion(url, 3, { prompt: 'A long question about lines and levers. '.repeat(20) }).then(async (response) => {
      ended = true
      return response.status
    })
    await until(async () => (await seriesOf(url)).get('vllm:num_requests_waiting') === 1)
    expect(ended).toBe(false)
    await setFaults(url, {})
    expect(await answering).toBe(200)
  })
})

describe('the metrics page', () => {
  it('is another text, an error, or late', async () => {
    const { url } = await startServer()
    await setFaults(url, { metricsBody: 'nonsense{' })
    expect(await (await fetch(`${url}/metrics`)).text()).toBe('nonsense{')
    await setFaults(url, { metricsStatus: 401 })
    const refused = await fetch(`${url}/metrics`)
    expect([refused.status, await refused.json()]).toMatchObject([401, { error: { type: 'Unauthorized' } }])
    await setFaults(url, { metricsDelayMs: 60 })
    const began = performance.now()
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
    expect(performance.now() - began).toBeGreaterThan(55)
    await setFaults(url, { metricsDelayMs: 600_000 })
    await expect(fetch(`${url}/metrics`, { signal: AbortSignal.timeout(50) })).rejects.toThrow()
    expect((await report(url)).counts).toEqual({ metricsBody: 1, metricsStatus: 1, metricsDelayMs: 2 })
  })
})

it('goes unhealthy', async () => {
  const { url } = await startServer()
  await setFaults(url, { unhealthy: true })
  expect((await fetch(`${url}/health`)).status).toBe(503)
  await setFaults(url, {})
  expect((await fetch(`${url}/health`)).status).toBe(200)
})

it('loads no adapter', async () => {
  const { url } = await startServer({ faults: { adapterLoadFails: true } })
  const refused = await post(`${url}/v1/load_lora_adapter`, { lora_name: 'sql', lora_path: 'adapters/sql' })
  expect([refused.status, await refused.json()]).toMatchObject([400, { error: { message: 'the adapter cannot be loaded: failed on purpose' } }])
  expect((await completion(url, 1, { model: 'sql' })).status).toBe(404)
})

describe('a plan', () => {
  it('begins and ends its faults by itself', async () => {
    const { clock, timers, pass } = heldTimers()
    const { url } = await startServer({ clock, timers })
    const healthOf = async (): Promise<number> => (await fetch(`${url}/health`)).status
    const schedule = { unhealthy: { value: true, afterMs: 70_000, forMs: 70_000 } }
    await setFaults(url, schedule)
    expect(await healthOf()).toBe(200)
    pass(70_000)
    expect(await healthOf()).toBe(503)
    pass(70_000)
    expect(await healthOf()).toBe(200)
    expect(await report(url)).toEqual({ plan: schedule, active: {}, counts: { unhealthy: 1 } })
  })

  it('is forgotten, timers and all, when another takes its place', async () => {
    const { timers, held } = heldTimers()
    const { url } = await startServer({ timers })
    await setFaults(url, { refuse: { value: true, afterMs: 70_000, forMs: 1_000 }, restartMs: { value: 5, afterMs: 80_000 } })
    expect(held.map(({ ms }) => ms)).toEqual([70_000, 71_000, 80_000])
    await setFaults(url, {})
    expect(held).toEqual([])
  })

  it.each([
    [{ cutStream: 1 }, 'unknown fault cutStream; there are'],
    [{ slowfactor: 2 }, 'unknown fault slowfactor; did you mean slowFactor?'],
    [{ status: 200 }, 'status must be an integer from 400 to 599'],
    [{ refuse: 'yes' }, 'refuse must be true or false'],
    [{ stallMs: -1 }, 'stallMs must be an integer from 0 to 600000'],
    [{ failRatio: 1.5 }, 'failRatio must be a number from 0 to 1'],
    [{ errorAfterTokens: 0 }, 'errorAfterTokens must be an integer from 1'],
    [{ die: { afterMs: 5 } }, 'die.value must be true or false'],
    [{ die: { value: true, after: 5 } }, 'die.after: a scheduled fault has value, afterMs and forMs'],
    [{ die: { value: true, forMs: -5 } }, 'die.forMs must be an integer from 0 to 86400000'],
    [{ stallMs: { value: 5, forMs: 5 } }, 'stallMs.forMs: it happens once and has no end; leave forMs out'],
  ])('that is %j is refused and says why', async (plan, message) => {
    const { url } = await startServer()
    const refused = await post(`${url}/simulator/faults`, plan)
    expect(refused.status).toBe(400)
    expect((await jsonOf<{ error: { message: string } }>(refused)).error.message).toContain(message)
    expect(await report(url)).toEqual({ plan: {}, active: {}, counts: {} })
  })
})
