import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PanelView } from '@signalbox/dashboards'
import { type EngineDialectId, engineDialects } from '@signalbox/engine'
import type { SignalId } from '@signalbox/signals'
import { ask, bodyOf, inParallel, readStream, send, type Usage } from './client.ts'
import { eventually, type Fleet, samplesOf, startFleet, sumOf, textOf } from './fleet.ts'
import { type StoreClient, type StoreSample, storeClient, stretchOf } from './store-client.ts'

export const model = 'demo-8b'

/** Prompts that share their beginning with others, and requests for each of them after the first. */
const SHARED = 3
const FOLLOWERS = 12
const AT_ONCE = 6

/** Streams that are held open to look at a fleet under load, and tokens of each: far more than the look takes. */
export const HELD = 4
const HELD_TOKENS = 4000

/** What a client knows of one request. */
export interface Entry {
  readonly promptTokens: number
  readonly generatedTokens: number
  readonly cachedTokens: number
}

/** One engine after the traffic, and how far `rate` stretches its increases at the moment of the questions. */
export interface MeasuredEngine {
  readonly instance: string
  readonly dialect: EngineDialectId
  readonly page: string
  readonly stretch: number
}

/** A fleet that answered the same requests as every other one; it is gone. */
export interface MeasuredFleet {
  readonly ledger: readonly Entry[]
  readonly engines: readonly MeasuredEngine[]
  /** What the console would draw. */
  readonly panels: readonly PanelView[]
  /** What an expression answered after the traffic; all of them at one moment. */
  answer(expr: string): readonly StoreSample[]
  /** What it answered afterwards, when `HELD` streams ran; again all at one moment. */
  answerUnderLoad(expr: string): readonly StoreSample[]
}

/** What is asked: after the traffic, and while streams run, when `running` tells their number. */
export interface Questions {
  readonly after: readonly string[]
  readonly running: string
  readonly underLoad: readonly string[]
}

/** Runs a fleet with one engine a dialect, has it answer the requests, asks its store the questions and those of its own panels. */
export async function measure(dialects: readonly EngineDialectId[], questions: Questions): Promise<MeasuredFleet> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-dialects-'))
  writeFileSync(join(folder, 'signalbox.yaml'), 'monitor: { scrapeIntervalMs: 500 }\n')
  const args = ['--config', 'signalbox.yaml', '--no-traffic', '--engines', String(dialects.length), '--policy', 'round-robin']
  const fleet = await startFleet({ cwd: folder, args: [...args, '--engine-dialect', ...dialects] })
  try {
    return await measured(fleet, dialects, questions)
  } finally {
    await fleet.interrupt()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measured(fleet: Fleet, dialects: readonly EngineDialectId[], questions: Questions): Promise<MeasuredFleet> {
  const store = storeClient(fleet.console)
  // The engines, the gateway and the monitor itself.
  const targets = dialects.length + 2
  const scrapes = (atMs: number) => store.scrapes('up[5m]', atMs)
  const scraped = async (isEnough: (timestampsMs: readonly number[]) => boolean, what: string) => {
    await eventually(async () => {
      const found = [...(await scrapes(Date.now())).values()]
      return found.length === targets && found.every(isEnough)
    }, what)
  }
  await scraped((timestampsMs) => timestampsMs.length >= 2, 'two scrapes of every target, with counters at 0')

  const ledger = await sendAll(fleet)
  const pages = await eventually(() => settled(fleet, dialects, ledger.length), 'every engine to have booked its requests')
  const endMs = Date.now()
  // Not before every target was scraped after the end, and was scraped once more: then nothing new comes for that moment.
  await scraped((timestampsMs) => timestampsMs.some((timestampMs) => timestampMs > endMs), 'a scrape after the end')
  const atMs = Date.now()
  await scraped((timestampsMs) => timestampsMs.some((timestampMs) => timestampMs > atMs), 'another scrape')

  const { panels } = JSON.parse(await textOf(`${fleet.console}/api/console/dashboard?model=${model}`)) as { panels: PanelView[] }
  const drawn = panels.flatMap(({ queries }) => queries.map(({ expr }) => expr))
  const after = await answersAt(store, [...questions.after, ...drawn], atMs)
  const found = await scrapes(atMs)
  const engines = dialects.map((dialect, index): MeasuredEngine => {
    const instance = `engine-${index + 1}`
    return { instance, dialect, page: pages[index] as string, stretch: stretchOf(found.get(`engine ${instance}`) ?? [], atMs) }
  })
  const underLoad = await holding(fleet, () =>
    eventually(async () => {
      const momentMs = Date.now()
      await scraped((timestampsMs) => timestampsMs.some((timestampMs) => timestampMs > momentMs), 'a scrape under load')
      const [running] = await store.vector(questions.running, momentMs)
      if (running?.value !== HELD) throw new Error(`${running?.value} run`)
      return answersAt(store, questions.underLoad, momentMs)
    }, `every stream to run on ${dialects.join()}`),
  )
  return { ledger, engines, panels, answer: from(after), answerUnderLoad: from(underLoad) }
}

type Answers = ReadonlyMap<string, readonly StoreSample[]>

async function answersAt(store: StoreClient, exprs: readonly string[], atMs: number): Promise<Answers> {
  const answers = new Map<string, readonly StoreSample[]>()
  await inParallel([...new Set(exprs)], AT_ONCE, async (expr) => void answers.set(expr, await store.vector(expr, atMs)))
  return answers
}

function from(answers: Answers): (expr: string) => readonly StoreSample[] {
  return (expr) => {
    const samples = answers.get(expr)
    if (samples === undefined) throw new Error(`not asked: ${expr}`)
    return samples
  }
}

/** Works while streams are open, and leaves them then. */
async function holding<T>(fleet: Fleet, work: () => Promise<T>): Promise<T> {
  const leaving = new AbortController()
  const reading: Promise<unknown>[] = []
  try {
    for (let index = 0; index < HELD; index++) {
      const body = bodyOf({ prompt: `Held ${index}: ${'how long may this go on? '.repeat(40)}`, tokens: HELD_TOKENS, stream: true })
      const response = await send(fleet.api, { id: `held-${index}`, body, signal: leaving.signal })
      if (response.status !== 200) throw new Error(await response.text())
      // An answer that nobody reads ends when its object is collected.
      reading.push(response.text())
    }
    return await work()
  } finally {
    leaving.abort()
    await Promise.allSettled(reading)
  }
}

/** First one request of each beginning, so that what follows finds it cached; then all others at once. */
async function sendAll(fleet: Fleet): Promise<readonly Entry[]> {
  const first = Array.from({ length: SHARED }, (_, shared) => ({ shared, index: 0 }))
  const others = Array.from({ length: SHARED * FOLLOWERS }, (_, index) => ({ shared: index % SHARED, index: index + 1 }))
  const ledger: Entry[] = []
  const one = async ({ shared, index }: { shared: number; index: number }) => {
    const prompt = `Beginning ${shared}: ${'which line is clear at this hour? '.repeat(12 + 6 * shared)} And number ${index}?`
    const stream = index % 2 === 0
    const answer = await ask(fleet.api, bodyOf({ prompt, tokens: 2 + (index % 7), ...(stream ? { stream, usage: true } : {}) }))
    if (answer.status !== 200) throw new Error(answer.body)
    const usage = stream ? readStream(answer.body).usage : (JSON.parse(answer.body) as { usage: Usage }).usage
    ledger.push({
      promptTokens: usage?.prompt_tokens ?? Number.NaN,
      generatedTokens: usage?.completion_tokens ?? Number.NaN,
      cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? Number.NaN,
    })
  }
  await inParallel(first, 1, one)
  await inParallel(others, AT_ONCE, one)
  return ledger
}

/** The engines' pages once every request is on them and the gateway knows all of them idle; false before. */
async function settled(fleet: Fleet, dialects: readonly EngineDialectId[], requests: number): Promise<readonly string[] | false> {
  const pages = await Promise.all(dialects.map((_, index) => textOf(`http://127.0.0.1:${fleet.enginePort + index}/metrics`)))
  const finished = pages.reduce((sum, page, index) => sum + sumOf(page, nameOf(dialects[index] as EngineDialectId, 'engine.requests_finished')), 0)
  const { endpoints } = JSON.parse(await textOf(`${fleet.admin}/debug/endpoints`)) as {
    endpoints: readonly { runningRequests: number | null; kvUsageRatio: number | null }[]
  }
  return finished === requests && endpoints.every(({ runningRequests, kvUsageRatio }) => runningRequests === 0 && kvUsageRatio === 0) && pages
}

/** The name under which a dialect's engine shows a signal, the current one first. */
export function nameOf(dialect: EngineDialectId, signal: SignalId): string {
  const entry = engineDialects[dialect].entries.find((candidate) => candidate.signal === signal)
  if (entry === undefined) throw new Error(`${dialect} has no name for ${signal}`)
  return entry.name
}

/** Upper bounds with the observations up to them, of all engines together, weighed by what `rate` makes of them; ascending. */
export function bucketsOf(engines: readonly MeasuredEngine[], signal: SignalId): readonly (readonly [bound: number, count: number])[] {
  const counts = new Map<number, number>()
  for (const { dialect, page, stretch } of engines) {
    for (const { labels, value } of samplesOf(page, `${nameOf(dialect, signal)}_bucket`)) {
      const bound = labels['le'] === '+Inf' ? Infinity : Number(labels['le'])
      counts.set(bound, (counts.get(bound) ?? 0) + value * stretch)
    }
  }
  return [...counts].sort(([a], [b]) => a - b)
}

/** The bounds of the bucket that holds a quantile; beyond the last bound the quantile is that bound. */
export function bucketAround(q: number, buckets: readonly (readonly [bound: number, count: number])[]): readonly [from: number, to: number] {
  const rank = q * (buckets.at(-1)?.[1] ?? Number.NaN)
  const index = buckets.findIndex(([, count]) => count >= rank * (1 - 1e-12))
  const from = buckets[index - 1]?.[0] ?? 0
  const to = buckets[index]?.[0] ?? Number.NaN
  return [from, to === Infinity ? from : to]
}
