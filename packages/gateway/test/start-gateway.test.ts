import { profiles } from '@signalbox/engine'
import { type ModelServer, startModelServer } from '@signalbox/model-server'
import { systemClock, systemRandom } from '@signalbox/node'
import type { DecisionSummary, EndpointView } from '@signalbox/scheduler'
import OpenAI from 'openai'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { GatewayStartError, gatewayDefaults, type RunningGateway, startGateway } from '../src/index.ts'

const deps = { clock: systemClock, random: systemRandom, log: () => {} }
const ports = { port: 0, adminPort: 0, pollIntervalMs: 100, pollTimeoutMs: 90 }
const servers: ModelServer[] = []
let gateway: RunningGateway
let client: OpenAI

async function startEngine(seed: number): Promise<ModelServer> {
  const engine = profiles.get('demo')?.options
  if (engine === undefined) throw new Error('no demo profile')
  const server = await startModelServer({
    host: '127.0.0.1',
    port: 0,
    name: `engine-${seed}`,
    engine,
    clock: systemClock,
    seed,
    speed: 20,
    answerTokensMean: 8,
  })
  servers.push(server)
  return server
}

const specs = () => servers.map((server, i) => ({ id: `engine-${i}`, url: `http://127.0.0.1:${server.port}`, simulated: true }))
const admin = async <T>(path: string): Promise<T> => (await (await fetch(`http://127.0.0.1:${gateway.adminPort}${path}`)).json()) as T

/** Asks again until the answer fits; the suite's own limit is the deadline. */
async function until<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (fits(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const allReady = ({ endpoints }: { endpoints: EndpointView[] }): boolean => endpoints.every(({ state }) => state === 'ready')
const endpointsNow = (): Promise<{ endpoints: EndpointView[] }> => admin('/debug/endpoints')

beforeEach(async () => {
  await startEngine(1)
  await startEngine(2)
  gateway = await startGateway({ ...gatewayDefaults, ...ports, endpoints: specs() }, deps)
  client = new OpenAI({ baseURL: `http://127.0.0.1:${gateway.port}/v1`, apiKey: 'none', maxRetries: 0 })
  await until(endpointsNow, allReady)
})

afterEach(async () => {
  await gateway.drain(0)
  for (const server of servers.splice(0)) await server.close(0)
})

const conversation = (text: string) => [{ role: 'user' as const, content: text.repeat(400) }]

it('serves a conversation from the endpoint that has its prefix, and can explain it', async () => {
  const messages = conversation('The signal box stands beside the line. ')
  for (let turn = 0; turn < 4; turn++) {
    let text = ''
    for await (const chunk of await client.chat.completions.create({ model: 'demo-8b', messages, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? ''
    }
    expect(text).not.toBe('')
  }
  const { decisions } = await admin<{ decisions: DecisionSummary[] }>('/debug/decisions')
  expect(decisions.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok'])
  expect(new Set(decisions.map(({ endpoint }) => endpoint)).size).toBe(1)
  expect(decisions[0]?.predictedCachedTokens).toBeGreaterThan(0)
  expect(decisions[0]?.actualCachedTokens).toBeGreaterThan(0)
  expect(decisions[0]?.actualTtftMs).toBeGreaterThan(0)
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text()
  expect(metrics).toMatch(/llm_d_epp_request_total\{[^}]*model_name="demo-8b"[^}]*\} 4\n/)
})

it('hides an endpoint that dies, and takes a new one in', async () => {
  await servers[0]?.close(0)
  for (let i = 0; i < 6; i++) {
    const completion = await client.chat.completions.create({ model: 'demo-8b', messages: conversation(`${i} `), max_tokens: 4 })
    expect(completion.usage?.completion_tokens).toBeGreaterThan(0)
  }
  const held = await until(endpointsNow, (answer) => !allReady(answer))
  expect(held.endpoints.filter(({ state }) => state === 'ready').map(({ id }) => id)).toEqual(['engine-1'])
  await startEngine(3)
  gateway.setEndpoints(specs().slice(1))
  const now = await until(endpointsNow, allReady)
  expect(now.endpoints.map(({ id }) => id).sort()).toEqual(['engine-1', 'engine-2'])
})

it('says which listener could not be opened', async () => {
  const failed = await startGateway({ ...gatewayDefaults, ...ports, adminPort: gateway.adminPort, endpoints: [] }, deps).catch(
    (error: unknown) => error,
  )
  expect(failed).toBeInstanceOf(GatewayStartError)
  expect(failed).toMatchObject({ listener: 'admin', message: expect.stringContaining('is taken') })
})
