import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, ask, bodyOf, inParallel, readStream, setFaults } from './client.ts'
import { eventually, type Fleet, metricsOf, readyPods, startFleet, sumOf, textOf } from './fleet.ts'
import { engineOn } from './roles.ts'

interface Decision {
  readonly id: string
  readonly status: string
  readonly stream: boolean
  readonly endpoint: string
  readonly retries: number
}

const REQUESTS = 300
const AT_ONCE = 48

describe('a fleet under fire', () => {
  let fleet: Fleet
  let client: OpenAI
  /** Every request sent, and those that ended with an error: what the books must say at the end. */
  let sent = 0
  let failed = 0
  const engine = (name: string) => `http://127.0.0.1:${portOf(name)}`
  const portOf = (name: string) => fleet.enginePort + Number(name.slice('engine-'.length)) - 1
  const engines = ['engine-1', 'engine-2', 'engine-3']
  const decision = async (id: string) => JSON.parse(await textOf(`${fleet.admin}/debug/decisions/${id}`)) as Decision
  const allReady = () => eventually(async () => (await readyPods(fleet)) === 3, 'three ready engines')
  const count = async (answering: Promise<Answer>) => {
    sent += 1
    const answer = await answering
    if (answer.status >= 400 || readStream(answer.body).error !== undefined) failed += 1
    return answer
  }
  beforeAll(async () => {
    fleet = await startFleet({ args: ['--no-traffic'] })
    client = new OpenAI({ baseURL: `${fleet.api}/v1`, apiKey: 'none', maxRetries: 0 })
    await allReady()
  })
  afterAll(async () => {
    await fleet.interrupt()
  })

  /** A long stream of the official client, which resolves with how it ended. */
  async function longStream(id: string) {
    sent += 1
    const stream = await client.chat.completions.create(
      {
        model: 'demo-8b',
        max_tokens: 200,
        stream: true,
        messages: [{ role: 'user', content: `Long stream ${id}` }],
        ...({ ignore_eos: true } as object),
      },
      { headers: { 'x-request-id': id } },
    )
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    const read = async () => {
      let finish: string | null | undefined
      for (;;) {
        const { done, value } = await iterator.next()
        if (done === true) return finish ?? 'silence'
        finish = value.choices[0]?.finish_reason ?? finish
      }
    }
    return { id, end: read().catch((error: unknown) => error as Error) }
  }

  it('loses an engine to kill -9: what had not begun succeeds elsewhere, what had ends with an error, and nothing ends in silence', async () => {
    const long = await Promise.all(Array.from({ length: 9 }, (_, index) => longStream(`long-stream-${index}`)))
    const whole = Array.from({ length: 9 }, (_, index) => count(ask(fleet.api, bodyOf({ prompt: `Long answer ${index}`, tokens: 200 }))))
    const answers: { readonly stream: boolean; readonly answer: Answer }[] = []
    const items = Array.from({ length: REQUESTS }, (_, index) => index)
    const load = inParallel(items, AT_ONCE, async (index) => {
      const stream = index % 2 === 0
      const body = bodyOf({ prompt: `Question ${index % 40} of the load`, tokens: 20 + (index % 3) * 10, stream })
      answers.push({ stream, answer: await count(ask(fleet.api, body)) })
    })
    await eventually(() => answers.length >= REQUESTS / 4, 'a quarter of the load')
    // The victim is in the middle of both kinds, so that both promises are put to the test.
    const running = JSON.parse(await textOf(`${fleet.admin}/debug/decisions?status=running&limit=1000`)) as { decisions: Decision[] }
    const on = (name: string, stream: boolean) => running.decisions.filter((each) => each.endpoint === name && each.stream === stream)
    const victim = engines.find((name) => long.some(({ id }) => on(name, true).some((each) => each.id === id)) && on(name, false).length > 0)
    expect(victim, 'an engine that is in the middle of a long stream and of a whole answer').toBeDefined()
    process.kill(engineOn(fleet, portOf(victim as string)), 'SIGKILL')
    await eventually(async () => (await readyPods(fleet)) === 2, 'two ready engines')
    await load

    const wholes = [...answers.filter(({ stream }) => !stream).map(({ answer }) => answer), ...(await Promise.all(whole))]
    expect(wholes.filter(({ status }) => status !== 200).map(({ status, body }) => ({ status, body }))).toEqual([])
    const streams = answers.filter(({ stream }) => stream).map(({ answer }) => ({ ...answer, end: readStream(answer.body) }))
    expect(streams.filter(({ status }) => status !== 200).map(({ status, body }) => ({ status, body }))).toEqual([])
    const broken = streams.filter(({ end }) => end.error !== undefined)
    for (const { end } of streams.filter(({ end }) => end.error === undefined)) expect(end).toMatchObject({ finished: true, done: true })
    for (const { id, end } of broken) {
      expect(end).toMatchObject({ finished: false, done: false, error: { code: 'upstream_cut' } })
      expect(end.contentEvents, 'a stream that had not begun must not fail').toBeGreaterThan(0)
      expect(await decision(id)).toMatchObject({ status: 'error', endpoint: victim })
    }
    const ends = await Promise.all(long.map(async ({ id, end }) => ({ end: await end, endpoint: (await decision(id)).endpoint })))
    for (const { end, endpoint } of ends) {
      if (endpoint === victim) expect(String(end)).toContain(`the answer of ${victim} was cut short`)
      else expect(end).toBe('length')
    }
    const raised = ends.filter(({ end }) => end instanceof Error)
    expect(raised.length).toBeGreaterThan(0)
    failed += raised.length
    expect(sumOf(await metricsOf(fleet), 'signalbox_retries_total')).toBeGreaterThan(0)
    await allReady()
    expect(fleet.output()).toContain(`${victim}: running again`)
  })

  it('takes an engine out of the pool that resets every connection, and back in when it has recovered', async () => {
    await setFaults(engine('engine-2'), { refuse: true })
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, index) => count(ask(fleet.api, bodyOf({ prompt: `Through ${index}`, tokens: 3, stream: index % 2 === 0 })))),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    await eventually(async () => (await readyPods(fleet)) === 2, 'two ready engines')
    const { endpoints } = JSON.parse(await textOf(`${fleet.admin}/debug/endpoints`)) as {
      endpoints: { id: string; state: string; reason: string | null }[]
    }
    expect(endpoints.find(({ id }) => id === 'engine-2')).toMatchObject({ state: 'held-out', reason: expect.any(String) })
    await setFaults(engine('engine-2'), {})
    await allReady()
  })

  it('waits for an engine that stands still instead of failing its requests', async () => {
    await setFaults(engine('engine-1'), { stallMs: 1_500 })
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => count(ask(fleet.api, bodyOf({ prompt: `Patience ${index}`, tokens: 3, stream: index % 2 === 0 })))),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(answers.map(({ body }) => readStream(body).error)).toEqual(answers.map(() => undefined))
  })

  it('answers from the others while two engines of three say 503', async () => {
    for (const name of engines.slice(1)) await setFaults(engine(name), { failNextRequests: 1_000, status: 503 })
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => count(ask(fleet.api, bodyOf({ prompt: `Refused ${index}`, tokens: 3, stream: index % 2 === 0 })))),
    )
    for (const name of engines) await setFaults(engine(name), {})
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    const decisions = await Promise.all(answers.map(({ id }) => decision(id)))
    expect(decisions.map(({ endpoint }) => endpoint)).toEqual(decisions.map(() => 'engine-1'))
    const retries = decisions.reduce((sum, each) => sum + each.retries, 0)
    expect(retries).toBeGreaterThan(0)
    expect(sumOf(await metricsOf(fleet), 'signalbox_retries_total', 'reason="503"')).toBe(retries)
    await allReady()
  })

  it('answers 502 that names every engine tried when all of them fail, and passes on an answer that is no sign of a sick engine', async () => {
    for (const name of engines) await setFaults(engine(name), { failNextRequests: 1, status: 503 })
    const refused = await count(ask(fleet.api, bodyOf({ prompt: 'Anybody?', tokens: 3 })))
    expect(refused.status).toBe(502)
    for (const name of engines) expect(refused.body).toContain(`${name}: answered 503`)
    await allReady()
    for (const name of engines) await setFaults(engine(name), { failNextRequests: 1, status: 500 })
    const passed = await count(ask(fleet.api, bodyOf({ prompt: 'Anybody?', tokens: 3 })))
    expect(passed).toMatchObject({ status: 500, body: expect.stringContaining('failed on purpose') })
    expect(await decision(passed.id)).toMatchObject({ status: 'error', retries: 0 })
    for (const name of engines) await setFaults(engine(name), {})
  })

  it('ends a stream that every engine cuts with an error that the official client raises', async () => {
    for (const name of engines) await setFaults(engine(name), { cutStreamAfterTokens: 3 })
    const { end } = await longStream('cut-stream')
    expect(String(await end)).toContain('was cut short')
    failed += 1
    const whole = await count(ask(fleet.api, bodyOf({ prompt: 'Whole, please', tokens: 20 })))
    expect(whole.status).toBe(502)
    for (const name of engines) await setFaults(engine(name), {})
    await allReady()
  })

  it('says 503 and when to come again while no engine is there, and serves again when one is', async () => {
    for (const name of engines) await setFaults(engine(name), { refuse: true })
    await eventually(async () => (await readyPods(fleet)) === 0, 'no ready engine')
    const answer = await count(ask(fleet.api, bodyOf({ prompt: 'Hello?', tokens: 3 })))
    expect(answer).toMatchObject({ status: 503, body: expect.stringContaining('"no_endpoint"') })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    for (const name of engines) await setFaults(engine(name), {})
    await allReady()
    expect((await count(ask(fleet.api, bodyOf({ prompt: 'Hello?', tokens: 3 })))).status).toBe(200)
  })

  it('shows one target down, with the cause, for an engine whose metrics are nonsense, and the others up', async () => {
    const targets = async () =>
      (
        JSON.parse(await textOf(`${fleet.console}/api/console/fleet`)) as {
          targets: { instance: string; health: string; lastError: string | null }[]
        }
      ).targets
    const allUp = async () => (await targets()).every(({ health }) => health === 'up')
    await eventually(allUp, 'all targets up')
    await setFaults(engine('engine-3'), { metricsBody: '<html>It works!</html>' })
    const down = await eventually(async () => (await targets()).find(({ health }) => health === 'down'), 'a target down')
    expect(down).toMatchObject({ instance: 'engine-3', lastError: expect.stringMatching(/line 1/) })
    expect((await targets()).filter(({ health }) => health === 'up')).toHaveLength(4)
    await setFaults(engine('engine-3'), {})
    await eventually(allUp, 'all targets up again')
  })

  it('has counted every request once, under every name, and each failure that a client saw', async () => {
    const page = await eventually(async () => {
      const text = await metricsOf(fleet)
      return sumOf(text, 'llm_d_epp_request_running') === 0 && text
    }, 'no request to be running')
    expect(sumOf(page, 'inference_model_running_requests')).toBe(0)
    expect(sumOf(page, 'signalbox_requests_total')).toBe(sent)
    expect(sumOf(page, 'inference_model_request_total')).toBe(sent)
    expect(sumOf(page, 'llm_d_epp_request_total')).toBe(sent)
    expect(sumOf(page, 'signalbox_requests_total', 'outcome="cancelled"')).toBe(0)
    expect(sumOf(page, 'signalbox_requests_total', 'outcome="error"') + sumOf(page, 'signalbox_requests_total', 'outcome="rejected"')).toBe(failed)
    expect(sumOf(page, 'inference_model_request_error_total')).toBe(failed)
    expect(sumOf(page, 'llm_d_epp_request_error_total')).toBe(failed)
    const { endpoints } = JSON.parse(await textOf(`${fleet.admin}/debug/endpoints`)) as { endpoints: { inFlight: number }[] }
    expect(endpoints.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0])
  })
})
