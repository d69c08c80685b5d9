import { VirtualClock } from '@signalbox/base'
import { expect, it } from 'vitest'
import { EndpointProbe } from './endpoint-probe.ts'

const PAGE = `# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="llama"} 3.0
vllm:num_requests_waiting{engine="0",model_name="llama"} 2.0
vllm:kv_cache_usage_perc{engine="0",model_name="llama"} 0.25
vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="1000"} 1.0
vllm:prompt_tokens_total{engine="0",model_name="llama"} 12345.0
`
const models = (...ids: string[]): string => JSON.stringify({ object: 'list', data: ids.map((id) => ({ id, object: 'model' })) })

/** An engine whose pages the test sets: a body, a status, or the reason why it cannot be reached. */
class FakeEngine {
  readonly clock = new VirtualClock()
  readonly asked: string[] = []
  metrics: string | number | { unreachable: string } = PAGE
  models: string | number | { unreachable: string } = models('llama')
  readonly probe = new EndpointProbe({
    url: 'http://engine:8000',
    timeoutMs: 900,
    clock: this.clock,
    get: async ({ url }) => {
      const path = new URL(url).pathname
      this.asked.push(path)
      const page = path === '/metrics' ? this.metrics : this.models
      if (typeof page === 'object') return { ok: false, error: { code: 'unreachable', message: page.unreachable } }
      return {
        ok: true,
        value: typeof page === 'number' ? { status: page, body: new Uint8Array() } : { status: 200, body: new TextEncoder().encode(page) },
      }
    },
  })

  askedNow(): string[] {
    return this.asked.splice(0)
  }
}

it('reads state and models', async () => {
  expect(await new FakeEngine().probe.poll()).toEqual({
    ok: true,
    value: { runningRequests: 3, waitingRequests: 2, kvUsageRatio: 0.25, kvCapacityTokens: 16_000, adaptersLoaded: [], models: ['llama'] },
  })
})

it('asks for models at first, every ten seconds and after a failure', async () => {
  const engine = new FakeEngine()
  await engine.probe.poll()
  expect(engine.askedNow()).toEqual(['/metrics', '/v1/models'])
  engine.clock.advance(9999)
  await engine.probe.poll()
  expect(engine.askedNow()).toEqual(['/metrics'])
  engine.clock.advance(1)
  await engine.probe.poll()
  expect(engine.askedNow()).toEqual(['/metrics', '/v1/models'])
  engine.metrics = { unreachable: 'connection refused' }
  engine.clock.advance(1000)
  expect(await engine.probe.poll()).toEqual({ ok: false, error: { reason: 'connection refused', unreachable: true } })
  expect(engine.askedNow()).toEqual(['/metrics'])
  engine.metrics = PAGE
  engine.models = models('llama', 'adapter')
  expect(await engine.probe.poll()).toMatchObject({ ok: true, value: { models: ['llama', 'adapter'] } })
})

it('keeps the names it knows when only the model list fails, and asks again at the next poll', async () => {
  const engine = new FakeEngine()
  await engine.probe.poll()
  engine.clock.advance(10_000)
  engine.models = 500
  expect(await engine.probe.poll()).toMatchObject({ ok: true, value: { models: ['llama'] } })
  engine.askedNow()
  engine.models = models('other')
  expect(await engine.probe.poll()).toMatchObject({ ok: true, value: { models: ['other'] } })
})

it.each([
  ['an HTTP error', 503, 'HTTP 503', { unreachable: false }],
  ['an unreachable engine', { unreachable: 'connection refused' }, 'connection refused', { unreachable: true }],
  ['a page of something else', '<html><body>hello</body></html>', /^not a metrics page: .* at line 1$/, { unreachable: false, notUnderstood: true }],
])('fails on %s', async (_, metrics, reason, expected) => {
  const engine = new FakeEngine()
  engine.metrics = metrics
  expect(await engine.probe.poll()).toEqual({
    ok: false,
    error: { reason: typeof reason === 'string' ? reason : expect.stringMatching(reason), ...expected },
  })
})

it.each([
  ['no metrics page', 404],
  ['a metrics page of another kind', 'llamacpp:tokens_total 3\n'],
])('uses an engine with %s as long as it lists its models', async (_, metrics) => {
  const engine = new FakeEngine()
  engine.metrics = metrics
  const silent = { runningRequests: NaN, waitingRequests: NaN, kvUsageRatio: NaN, kvCapacityTokens: NaN, adaptersLoaded: [], models: ['llama'] }
  expect(await engine.probe.poll()).toEqual({ ok: true, value: silent })
  engine.clock.advance(1000)
  expect(await engine.probe.poll()).toEqual({ ok: true, value: silent })
  engine.models = 404
  expect(await engine.probe.poll()).toEqual({ ok: false, error: { reason: 'no metrics, and no models: HTTP 404', unreachable: false } })
  engine.models = '"nonsense"'
  expect(await engine.probe.poll()).toEqual({ ok: false, error: { reason: 'no metrics, and no models: not a list of models', unreachable: false } })
})
