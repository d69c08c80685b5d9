import { randomUUID } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@signalbox/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bodyOf, inParallel, readStream, send, setFaults, type Usage } from './client.ts'
import { eventually, type Fleet, metricsOf, readyPods, runSignalbox, samplesOf, startFleet, sumOf, textOf } from './fleet.ts'

/** What a request sets out to be. What becomes of it is what its client sees. */
type Kind =
  | 'stream'
  | 'stream-with-usage'
  | 'whole'
  | 'leaves-in-mid-stream'
  | 'leaves-before-the-answer'
  | 'missing-model'
  | 'unknown-model'
  | 'malformed'
  | 'too-large'
  | 'administrative'
  | 'unknown-path'

interface Plan {
  readonly kind: Kind
  readonly model: string
  readonly prompt: string
  readonly tokens: number
}

/** One line of the client's own ledger. */
interface Entry {
  readonly id: string
  readonly kind: Kind
  /** As the metrics name it. */
  readonly model: string
  readonly httpStatus: number
  readonly outcome: 'ok' | 'error' | 'rejected' | 'cancelled'
  readonly errorCode: string | undefined
  readonly requestBytes: number
  readonly sawContent: boolean
  readonly stream: boolean
  readonly promptTokens: number | undefined
  readonly completionTokens: number | undefined
  readonly cachedTokens: number | undefined
}

const BASE = 'demo-8b'
const ADAPTER = 'demo-8b-signals'
const BODY_BYTES_MAX = 16_384
const AT_ONCE = 24
const prompts = Array.from({ length: 12 }, (_, index) => `Question ${index}: ${'what does the book of rules say here? '.repeat(1 + (index % 4))}`)
const random = seededRandom(20_260_101)
const oneOf = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item

/** Kinds by how often they come; a weight of 1 is one in the sum of all. */
const ANSWERED: readonly (readonly [Kind, number])[] = [
  ['stream', 30],
  ['stream-with-usage', 15],
  ['whole', 25],
]
const REFUSED: readonly (readonly [Kind, number])[] = [
  ['missing-model', 3],
  ['unknown-model', 4],
  ['malformed', 3],
  ['too-large', 2],
  ['administrative', 2],
  ['unknown-path', 1],
]
const LEAVING: readonly (readonly [Kind, number])[] = [
  ['leaves-in-mid-stream', 8],
  ['leaves-before-the-answer', 7],
]

function plansOf(count: number, weights: readonly (readonly [Kind, number])[]): Plan[] {
  const kinds = weights.flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind))
  return Array.from({ length: count }, () => {
    const kind = oneOf(kinds)
    // Who means to leave must find the answer still under way, however slow this machine is.
    const tokens = kind.startsWith('leaves') ? 2_000 : 1 + Math.floor(random.next() * 12)
    return {
      kind,
      model: kind === 'unknown-model' ? oneOf(['no-such-model', 'nor-this']) : oneOf([BASE, BASE, ADAPTER]),
      prompt: oneOf(prompts),
      tokens,
    }
  })
}

/** Metric label and outcome of the gateway's own refusals and failures, by the code that a client sees. */
const CODES: Readonly<Record<string, readonly [Entry['outcome'], string]>> = {
  missing_field: ['rejected', 'BadRequest'],
  invalid_json: ['rejected', 'BadRequest'],
  body_too_large: ['rejected', 'BadRequest'],
  model_not_found: ['rejected', 'NotFound'],
  unknown_path: ['rejected', 'NotFound'],
  administrative_path: ['rejected', 'Forbidden'],
  no_endpoint: ['rejected', 'ServiceUnavailable'],
  upstream_failed: ['error', 'ModelServerError'],
  upstream_cut: ['error', 'ModelServerError'],
}

describe('the books of a thousand requests', () => {
  let fleet: Fleet
  const ledger: Entry[] = []
  const engine = (index: number) => `http://127.0.0.1:${fleet.enginePort + index}`
  const allReady = () => eventually(async () => (await readyPods(fleet)) === 3, 'three ready engines')

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-books-'))
    writeFileSync(join(folder, 'signalbox.yaml'), `gateway: { bodyBytesMax: ${BODY_BYTES_MAX} }\n`)
    fleet = await startFleet({ args: ['--no-traffic'], cwd: folder })
    for (const index of [0, 1, 2]) {
      const loaded = await fetch(`${engine(index)}/v1/load_lora_adapter`, {
        method: 'POST',
        body: JSON.stringify({ lora_name: ADAPTER, lora_path: 'adapters/signals' }),
      })
      expect(loaded.status).toBe(200)
    }
    const endpoints = async () => JSON.parse(await textOf(`${fleet.admin}/debug/endpoints`)).endpoints as { models: string[] }[]
    await eventually(async () => (await endpoints()).every(({ models }) => models.includes(ADAPTER)), 'every engine to be known with its adapter')
    await sendAll()
  })
  afterAll(async () => {
    await fleet.interrupt()
  })

  /** A thousand requests; nobody leaves while engines fail, for then two ends of one request could race. */
  async function sendAll(): Promise<void> {
    const work = (plans: readonly Plan[]) => inParallel(plans, AT_ONCE, async (plan) => void ledger.push(await carryOut(plan)))
    await work(plansOf(350, [...ANSWERED, ...REFUSED, ...LEAVING]))
    // On every engine, because where requests go is the scheduler's choice.
    for (const index of [0, 1, 2]) await setFaults(engine(index), { failNextRequests: 25, status: 500 })
    await work(plansOf(100, [...ANSWERED, ...REFUSED]))
    for (const index of [0, 1, 2]) await setFaults(engine(index), {})
    await setFaults(engine(0), { failNextRequests: 25, status: 503 })
    await work(plansOf(100, [...ANSWERED, ...REFUSED]))
    await setFaults(engine(0), {})
    await setFaults(engine(2), { cutStreamAfterTokens: 4 })
    await work(plansOf(100, [...ANSWERED, ...REFUSED]))
    await setFaults(engine(2), {})
    await allReady()
    await work(plansOf(350, [...ANSWERED, ...REFUSED, ...LEAVING]))
  }

  async function carryOut(plan: Plan): Promise<Entry> {
    if (plan.kind === 'leaves-in-mid-stream' || plan.kind === 'leaves-before-the-answer') return leave(plan)
    const id = randomUUID()
    const { body, path } = wireOf(plan)
    const response = await send(fleet.api, { id, body, path })
    expect(response.headers.get('x-request-id')).toBe(id)
    return entryOf(plan, { id, status: response.status, text: await response.text(), requestBytes: plan.kind === 'too-large' ? 0 : body.length })
  }

  async function leave(plan: Plan): Promise<Entry> {
    const id = randomUUID()
    const inMidStream = plan.kind === 'leaves-in-mid-stream'
    const body = bodyOf({ ...plan, stream: inMidStream })
    const leaving = new AbortController()
    const answering = send(fleet.api, { id, body, signal: leaving.signal })
    if (inMidStream) {
      const reader = (await answering).body?.getReader()
      await reader?.read()
      leaving.abort()
      await reader?.closed.catch(() => undefined)
    } else {
      const isRunning = async () => (await fetch(`${fleet.admin}/debug/decisions/${id}`)).status === 200
      await eventually(isRunning, 'the request to have arrived')
      leaving.abort()
      await expect(answering).rejects.toThrow()
    }
    return {
      ...nothing(plan, id),
      outcome: 'cancelled',
      httpStatus: inMidStream ? 200 : 499,
      requestBytes: body.length,
      sawContent: inMidStream,
      stream: inMidStream,
    }
  }

  function entryOf(plan: Plan, answer: { id: string; status: number; text: string; requestBytes: number }): Entry {
    const stream = plan.kind === 'stream' || plan.kind === 'stream-with-usage'
    const entry = { ...nothing(plan, answer.id), httpStatus: answer.status, requestBytes: answer.requestBytes, stream }
    if (answer.status !== 200) {
      const { error } = JSON.parse(answer.text) as { error: { code: string | number } }
      const [outcome, errorCode] = CODES[error.code] ?? ['error', 'ModelServerError']
      return { ...entry, outcome, errorCode }
    }
    if (!stream) return { ...entry, outcome: 'ok', ...tokensOf((JSON.parse(answer.text) as { usage: Usage }).usage) }
    const end = readStream(answer.text)
    const sawContent = end.contentEvents > 0
    if (end.error !== undefined) {
      expect(end).toMatchObject({ finished: false, done: false })
      const [outcome, errorCode] = CODES[end.error.code] as (typeof CODES)[string]
      return { ...entry, sawContent, outcome, errorCode }
    }
    expect(end).toMatchObject({ finished: true, done: true })
    // A late engine puts several tokens into one event, as vLLM does.
    expect(end.contentEvents).toBeGreaterThan(0)
    expect(end.contentEvents).toBeLessThanOrEqual(plan.tokens)
    // Nobody is shown a usage event who has not asked for one, although the gateway always does.
    expect(end.usage !== undefined).toBe(plan.kind === 'stream-with-usage')
    return { ...entry, sawContent, outcome: 'ok', completionTokens: plan.tokens, ...(end.usage === undefined ? {} : tokensOf(end.usage)) }
  }

  /** The gateway's page once nothing runs any more. */
  async function settledPage(): Promise<string> {
    return eventually(async () => {
      const page = await metricsOf(fleet)
      return sumOf(page, 'llm_d_epp_request_running') === 0 && page
    }, 'no request to be running')
  }

  it('hold what the test wanted to try: every kind, every outcome', () => {
    expect(ledger).toHaveLength(1_000)
    for (const outcome of ['ok', 'error', 'rejected', 'cancelled'])
      expect(ledger.filter((entry) => entry.outcome === outcome).length).toBeGreaterThan(20)
    expect(new Set(ledger.map(({ kind }) => kind)).size).toBe(ANSWERED.length + REFUSED.length + LEAVING.length)
  })

  it('agree with the ledger of the clients on how many there were, how they ended, and with which error', async () => {
    const page = await settledPage()
    const table = (name: string, ...labels: string[]) =>
      tally(
        samplesOf(page, name).filter(({ value }) => value > 0),
        ({ labels: given }) => labels.map((label) => given[label]).join(' '),
        ({ value }) => value,
      )
    const own = (key: (entry: Entry) => string, entries: readonly Entry[] = ledger) => tally(entries, key, () => 1)
    const failures = ledger.filter(({ errorCode }) => errorCode !== undefined)
    expect(table('signalbox_requests_total', 'model', 'outcome')).toEqual(own(({ model, outcome }) => `${model} ${outcome}`))
    expect(table('llm_d_epp_request_total', 'model_name')).toEqual(own(({ model }) => model))
    expect(table('inference_model_request_total', 'model_name')).toEqual(own(({ model }) => model))
    expect(table('llm_d_epp_request_error_total', 'model_name', 'error_code')).toEqual(
      own(({ model, errorCode }) => `${model} ${errorCode}`, failures),
    )
    expect(table('inference_model_request_error_total', 'model_name')).toEqual(own(({ model }) => model, failures))
    const statusOf = ({ outcome, httpStatus }: Entry) => (outcome === 'cancelled' ? 499 : httpStatus)
    expect(table('request_total', 'model', 'status_code')).toEqual(own((entry) => `${entry.model} ${statusOf(entry)}`))
    for (const gauge of ['llm_d_epp_request_running', 'inference_model_running_requests', 'gateway_current_requests', 'gateway_pending_requests']) {
      expect(samplesOf(page, gauge).every(({ value }) => value === 0)).toBe(true)
    }
    const { endpoints } = JSON.parse(await textOf(`${fleet.admin}/debug/endpoints`)) as { endpoints: { inFlight: number }[] }
    expect(endpoints.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0])
  })

  it('judge every request but those whose client left or was at fault, each once', async () => {
    const page = await settledPage()
    const isShed = ({ outcome, httpStatus }: Entry) => outcome === 'rejected' && (httpStatus === 429 || httpStatus === 503)
    for (const model of [BASE, ADAPTER]) {
      const entries = ledger.filter((entry) => entry.model === model)
      const sloOf = (selector: string) => sumOf(page, 'signalbox_slo_requests_total', `model="${model}",${selector}`)
      const answered =
        sloOf('result="good"') + ['ttft', 'tpot', 'ttft_tpot'].reduce((all, reason) => all + sloOf(`result="bad",reason="${reason}"`), 0)
      expect(answered).toBe(entries.filter(({ outcome }) => outcome === 'ok').length)
      expect(sloOf('result="bad",reason="error"')).toBe(entries.filter((entry) => entry.outcome === 'error' || isShed(entry)).length)
    }
    // What could not be read was its client's fault.
    expect(sumOf(page, 'signalbox_slo_requests_total', 'model="unknown"')).toBe(0)
  })

  it('agree on bytes, tokens and the number of answers behind each distribution, for each model', async () => {
    const page = await settledPage()
    // What a prompt costs is a matter of its text: whole answers say it, streams without usage do not.
    const known = new Map(
      ledger.filter(({ promptTokens }) => promptTokens !== undefined).map((entry) => [promptOf.get(entry.id), entry.promptTokens as number]),
    )
    for (const model of [BASE, ADAPTER]) {
      const selector = `model_name="${model}"`
      const entries = ledger.filter((entry) => entry.model === model)
      const ok = entries.filter(({ outcome }) => outcome === 'ok')
      const prompt = sum(ok, ({ id, promptTokens }) => promptTokens ?? (known.get(promptOf.get(id)) as number))
      for (const name of ['llm_d_epp_request_input_tokens', 'inference_model_input_tokens']) {
        expect(sumOf(page, `${name}_sum`, selector)).toBe(prompt)
        expect(sumOf(page, `${name}_count`, selector)).toBe(ok.length)
      }
      for (const name of ['llm_d_epp_request_output_tokens', 'inference_model_output_tokens']) {
        expect(sumOf(page, `${name}_sum`, selector)).toBe(sum(ok, ({ completionTokens }) => completionTokens as number))
        expect(sumOf(page, `${name}_count`, selector)).toBe(ok.length)
      }
      for (const name of ['llm_d_epp_request_size_bytes', 'inference_model_request_sizes']) {
        expect(sumOf(page, `${name}_sum`, selector)).toBe(sum(entries, ({ requestBytes }) => requestBytes))
      }
      for (const name of ['llm_d_epp_request_duration_seconds', 'inference_model_request_duration_seconds']) {
        expect(sumOf(page, `${name}_count`, selector)).toBe(ok.length)
      }
      const ttft = samplesOf(page, 'llm_d_epp_request_ttft_seconds_count').filter(({ labels }) => labels['model_name'] === model)
      expect(
        tally(
          ttft,
          ({ labels }) => labels['streaming'] as string,
          ({ value }) => value,
        ),
      ).toEqual({
        true: entries.filter(({ sawContent }) => sawContent).length,
        false: ok.filter(({ stream }) => !stream).length,
      })
    }
  })

  it('can be looked up by every id that a client holds, with what the client saw', async () => {
    const wrong: unknown[] = []
    let cached = 0
    let retries = 0
    let picked = 0
    let endpointErrors = 0
    await inParallel(ledger, AT_ONCE, async (entry) => {
      const answer = await fetch(`${fleet.admin}/debug/decisions/${entry.id}`)
      const view = (await answer.json()) as Record<string, unknown> & { attempts?: { failure: string | null }[] }
      const { id, outcome, httpStatus } = entry
      const agrees =
        answer.status === 200 &&
        view['id'] === id &&
        view['status'] === outcome &&
        view['httpStatus'] === httpStatus &&
        (entry.promptTokens === undefined || view['promptTokens'] === entry.promptTokens) &&
        (entry.completionTokens === undefined || view['completionTokens'] === entry.completionTokens) &&
        (entry.cachedTokens === undefined || view['actualCachedTokens'] === entry.cachedTokens)
      if (!agrees) wrong.push({ entry, view })
      cached += Number(view['actualCachedTokens'] ?? 0)
      retries += Number(view['retries'])
      picked += view.attempts?.length ?? 0
      endpointErrors += view.attempts?.filter(({ failure }) => failure !== null).length ?? 0
      // The last endpoint answered, but with an error of its own or not to the end.
      if (outcome === 'error' && view.attempts?.at(-1)?.failure === null) endpointErrors += 1
    })
    expect(wrong).toEqual([])
    const page = await metricsOf(fleet)
    expect(sumOf(page, 'llm_d_epp_request_cached_tokens_sum')).toBe(cached)
    expect(sumOf(page, 'signalbox_retries_total')).toBe(retries)
    expect(retries).toBeGreaterThan(0)
    expect(sumOf(page, 'request_retry_total')).toBe(retries)
    expect(sumOf(page, 'signalbox_endpoint_errors_total')).toBe(endpointErrors)
    expect(endpointErrors).toBeGreaterThan(retries)
    expect(sumOf(page, 'signalbox_delivered_cached_tokens_total')).toBe(cached)
    expect(sumOf(page, 'scheduler_scheduling_total')).toBe(picked)
    expect(sumOf(page, 'llm_d_epp_scheduler_attempts_total', 'status="success"')).toBe(picked)
  })

  it('are exported whole by the command, one JSON record a line', async () => {
    const exporting = runSignalbox(['decisions', '--json', '--limit', '1000', '--url', fleet.admin])
    expect(await exporting.exited()).toBe(0)
    const records = exporting
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; attempts: unknown[] })
    expect(records.map(({ id }) => id).sort()).toEqual(ledger.map(({ id }) => id).sort())
    expect(records.every(({ attempts }) => Array.isArray(attempts))).toBe(true)
  })

  it('count bytes that are no HTTP apart, and nothing else for them', async () => {
    const { hostname, port } = new URL(fleet.api)
    await Promise.all(
      Array.from(
        { length: 5 },
        () =>
          new Promise<void>((resolve) => {
            const socket = connect(Number(port), hostname, () => socket.write('GARBAGE\r\n\r\n'))
            socket.on('error', () => undefined)
            socket.on('close', () => resolve())
            socket.resume()
          }),
      ),
    )
    const page = await metricsOf(fleet)
    expect(sumOf(page, 'signalbox_client_errors_total')).toBe(5)
    expect(sumOf(page, 'signalbox_requests_total')).toBe(ledger.length)
  })
})

/** The prompt behind each id, for what its answer did not say. */
const promptOf = new Map<string, string>()

function nothing(plan: Plan, id: string): Omit<Entry, 'outcome' | 'httpStatus' | 'requestBytes' | 'stream'> {
  promptOf.set(id, plan.prompt)
  const named = !REFUSED.some(([kind]) => kind === plan.kind)
  return {
    id,
    kind: plan.kind,
    model: named ? plan.model : 'unknown',
    errorCode: undefined,
    sawContent: false,
    promptTokens: undefined,
    completionTokens: undefined,
    cachedTokens: undefined,
  }
}

function tokensOf(usage: Usage): Pick<Entry, 'promptTokens' | 'completionTokens' | 'cachedTokens'> {
  return {
    promptTokens: usage.prompt_tokens,
    completionTokens: usage.completion_tokens,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens,
  }
}

/** What goes over the wire for a plan that is carried out to the end. */
function wireOf(plan: Plan): { readonly body: string; readonly path: string } {
  const path = '/v1/chat/completions'
  const whole = bodyOf(plan)
  switch (plan.kind) {
    case 'stream':
      return { path, body: bodyOf({ ...plan, stream: true }) }
    case 'stream-with-usage':
      return { path, body: bodyOf({ ...plan, stream: true, usage: true }) }
    case 'missing-model':
      return { path, body: whole.replace(`"model":"${plan.model}",`, '') }
    case 'malformed':
      return { path, body: whole.slice(0, -1) }
    case 'too-large':
      return { path, body: bodyOf({ ...plan, prompt: 'x'.repeat(BODY_BYTES_MAX) }) }
    case 'administrative':
      return { path: '/v1/load_lora_adapter', body: '{"lora_name":"mine","lora_path":"mine"}' }
    case 'unknown-path':
      return { path: '/v1/nothing', body: whole }
    default:
      return { path, body: whole }
  }
}

function tally<Item>(items: readonly Item[], key: (item: Item) => string, value: (item: Item) => number): Record<string, number> {
  const totals: Record<string, number> = {}
  for (const item of items) totals[key(item)] = (totals[key(item)] ?? 0) + value(item)
  return totals
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
