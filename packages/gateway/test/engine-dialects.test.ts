import { type EngineDialectId, type EngineOptions, engineDialects, profiles } from '@signalbox/engine'
import { type ModelServer, startModelServer } from '@signalbox/model-server'
import { systemClock, systemRandom } from '@signalbox/node'
import type { DecisionSummary, EndpointView } from '@signalbox/scheduler'
import { afterEach, describe, expect, it } from 'vitest'
import { gatewayDefaults, type RunningGateway, startGateway } from '../src/index.ts'

const dialects = Object.keys(engineDialects) as readonly EngineDialectId[]
const servers: ModelServer[] = []
let gateway: RunningGateway | undefined

afterEach(async () => {
  await gateway?.drain(0)
  gateway = undefined
  for (const server of servers.splice(0)) await server.close(0)
})

const demo = profiles.get('demo')?.options as EngineOptions
const urlOf = ({ port }: ModelServer): string => `http://127.0.0.1:${port}`

/** `speed` so small that no step ever ends: what the engine holds stays as it is. */
async function startEngine(dialect: EngineDialectId, speed: number): Promise<ModelServer> {
  const server = await startModelServer({ host: '127.0.0.1', port: 0, name: dialect, engine: demo, dialect, clock: systemClock, speed })
  servers.push(server)
  return server
}

const FROZEN = 1e-6

/** Leaves an engine with one request running and two waiting, which nobody will ever answer. */
async function occupy(server: ModelServer): Promise<void> {
  const send = () =>
    fetch(`${urlOf(server)}/v1/completions`, {
      method: 'POST',
      body: JSON.stringify({ prompt: 'word '.repeat(2000), max_tokens: 500, stream: true }),
    })
  // Headers of a stream come with its acceptance.
  for (let sent = 0; sent < 3; sent++) expect((await send()).status).toBe(200)
}

async function startGatewayOver(endpoints: readonly ModelServer[]): Promise<RunningGateway> {
  gateway = await startGateway(
    {
      ...gatewayDefaults,
      port: 0,
      adminPort: 0,
      pollIntervalMs: 100,
      pollTimeoutMs: 90,
      endpoints: endpoints.map((server, index) => ({ id: `engine-${index}`, url: urlOf(server), simulated: true })),
    },
    { clock: systemClock, random: systemRandom, log: () => {} },
  )
  return gateway
}

async function admin<T>(path: string): Promise<T> {
  return (await (await fetch(`http://127.0.0.1:${gateway?.adminPort}${path}`)).json()) as T
}

/** Asks again until every endpoint is ready; the suite's own limit is the deadline. */
async function readyEndpoints(): Promise<readonly EndpointView[]> {
  for (;;) {
    const { endpoints } = await admin<{ endpoints: EndpointView[] }>('/debug/endpoints')
    if (endpoints.every(({ state }) => state === 'ready')) return endpoints
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('engines that speak different dialects', () => {
  it('have the same state for the scheduler when they hold the same requests', async () => {
    const engines = await Promise.all(dialects.map((dialect) => startEngine(dialect, FROZEN)))
    for (const engine of engines) await occupy(engine)
    await startGatewayOver(engines)
    const views = await readyEndpoints()
    expect(views.map(({ runningRequests, waitingRequests, models }) => ({ runningRequests, waitingRequests, models }))).toEqual(
      dialects.map(() => ({ runningRequests: 1, waitingRequests: 2, models: ['demo-8b'] })),
    )
    const [first] = views
    expect(first?.kvUsageRatio).toBeGreaterThan(0)
    for (const { kvUsageRatio } of views) expect(kvUsageRatio).toBe(first?.kvUsageRatio)
    // The null block is one of vLLM's and none of SGLang's.
    expect(views.map(({ kvCapacityTokens }) => kvCapacityTokens)).toEqual(dialects.map((id) => (demo.blocksTotal - Number(id === 'sglang')) * 16))
  })

  it.each(dialects)('are kept clear of while others load them: %s', async (dialect) => {
    const [busy, idle] = [await startEngine(dialect, FROZEN), await startEngine(dialect, 100)]
    await occupy(busy)
    const { port } = await startGatewayOver([busy, idle])
    await readyEndpoints()
    for (let turn = 0; turn < 5; turn++) {
      const body = JSON.stringify({ model: 'demo-8b', prompt: `Question ${turn}`, max_tokens: 3, ignore_eos: true })
      const answer = await fetch(`http://127.0.0.1:${port}/v1/completions`, { method: 'POST', body })
      expect(answer.status).toBe(200)
    }
    const { decisions } = await admin<{ decisions: DecisionSummary[] }>('/debug/decisions')
    expect(decisions.map(({ endpoint, status }) => `${endpoint} ${status}`)).toEqual(Array.from({ length: 5 }, () => 'engine-1 ok'))
  })
})
