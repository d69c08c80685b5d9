import { profiles } from '@signalbox/engine'
import { decodePage, parseSeries } from '@signalbox/exposition'
import { systemClock } from '@signalbox/node'
import { afterEach, expect } from 'vitest'
import { type ModelServer, type ModelServerOptions, startModelServer } from '../src/index.ts'

/** The engine of the demonstration. */
export const demo = profiles.get('demo')!.options

/** Milliseconds of the demo engine as microseconds: answers take no time worth waiting for. */
const FAST = 1000

export interface Running {
  readonly url: string
  readonly server: ModelServer
}

const running: ModelServer[] = []

/** Starts a server that ends with the test. */
export async function startServer(options: Partial<ModelServerOptions> = {}): Promise<Running> {
  const server = await startModelServer({ host: '127.0.0.1', port: 0, name: 'engine', engine: demo, clock: systemClock, speed: FAST, ...options })
  running.push(server)
  return { url: `http://127.0.0.1:${server.port}`, server }
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close(0)))
})

export function post(url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body ?? {}) })
}

/** A completion of exactly `tokens` tokens. */
export function completion(url: string, tokens: number, more: object = {}): Promise<Response> {
  return post(`${url}/v1/completions`, { prompt: 'Which line is clear?', max_tokens: tokens, ignore_eos: true, ...more })
}

/** The answer's JSON, whatever it is. */
export async function jsonOf<T>(response: Response | Promise<Response>): Promise<T> {
  return (await (await response).json()) as T
}

/** Values of a metrics page by series as `name{label="value",…}`, labels of the engine itself left out. */
export async function seriesOf(url: string): Promise<Map<string, number>> {
  const page = new Uint8Array(await (await fetch(`${url}/metrics`)).arrayBuffer())
  const series = new Map<string, number>()
  const decoded = decodePage(page, {
    sample: (text, value) => {
      const parsed = parseSeries(text)
      if (!parsed.ok) throw new Error(text)
      const { labels, name } = parsed.value
      const own = Object.entries(labels.toRecord())
        .filter(([label]) => label !== 'model_name' && label !== 'engine')
        .map(([label, of]) => `${label}="${of}"`)
      series.set(own.length === 0 ? name : `${name}{${own.join(',')}}`, value)
    },
  })
  expect(decoded.ok).toBe(true)
  return series
}

/** Polls until `check` holds; the test's own time limit ends it otherwise. */
export async function until(check: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 5))
}
