import { readFileSync } from 'node:fs'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, type Fleet, readyPods, runSignalbox, startFleet, sumOf, textOf } from './fleet.ts'
import { engineOn, isRunning, rolesOf } from './roles.ts'

describe('signalbox up', () => {
  let fleet: Fleet
  let client: OpenAI
  beforeAll(async () => {
    fleet = await startFleet()
    client = new OpenAI({ baseURL: `${fleet.api}/v1`, apiKey: 'none', maxRetries: 0 })
  })
  afterAll(async () => {
    await fleet.interrupt()
  })

  it('prints its addresses, says what is simulated, and gives a request to try', () => {
    for (const text of [fleet.api, fleet.admin, fleet.console, '3 simulated', 'curl ', 'simulated, about 2 requests a second'])
      expect(fleet.output()).toContain(text)
  })

  it('answers the OpenAI client, streamed and not, through the printed model', async () => {
    const models = await client.models.list()
    expect(models.data.map((model) => model.id)).toContain('demo-8b')
    const whole = await client.chat.completions.create({ model: 'demo-8b', max_tokens: 5, messages: [{ role: 'user', content: 'Good morning' }] })
    expect(whole.choices[0]?.message.content).not.toBe('')
    expect(whole.usage?.completion_tokens).toBeGreaterThan(0)
    const stream = await client.chat.completions.create({
      model: 'demo-8b',
      max_tokens: 8,
      stream: true,
      messages: [{ role: 'user', content: 'Good morning' }],
    })
    let text = ''
    let sawUsage = false
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      sawUsage ||= chunk.usage != null
    }
    expect(text).not.toBe('')
    expect(sawUsage).toBe(false)
  })

  it('explains the request it has just answered', async () => {
    const { request_id: _, ...answer } = (await client.chat.completions
      .create({ model: 'demo-8b', max_tokens: 3, messages: [{ role: 'user', content: 'Why there?' }] })
      .withResponse()) as never as {
      request_id: string
      response: Response
    }
    const id = answer.response.headers.get('x-request-id')
    const view = JSON.parse(await textOf(`${fleet.admin}/debug/decisions/${id}`))
    expect(view).toMatchObject({ id, status: 'ok', model: 'demo-8b', policy: 'least-cost', retries: 0 })
    expect(view.attempts[0].candidates).toHaveLength(3)
    expect(view.attempts[0].candidates.map((candidate: { endpoint: string }) => candidate.endpoint)).toContain(view.endpoint)
  })

  it('shows every metric of the endpoint picker under its exact name, once there was traffic', async () => {
    const rows = readFileSync(new URL('../testdata/epp-metrics.tsv', import.meta.url), 'utf8')
      .trim()
      .split('\n')
    await eventually(async () => {
      const page = await textOf(`${fleet.admin}/metrics`)
      const missing = rows.filter((row) => {
        const [name, type] = row.split('\t')
        return !page.includes(`# TYPE ${name} ${type}\n`)
      })
      if (missing.length > 0) throw new Error(`missing: ${missing.join('; ')}`)
      return true
    }, 'all metrics')
  })

  it('answers queries over what it scraped', async () => {
    const value = await eventually(async () => {
      const answer = JSON.parse(await textOf(`${fleet.console}/api/v1/query?query=${encodeURIComponent('sum(up)')}`))
      return Number(answer.data.result[0]?.value[1]) >= 5 && answer.data.result[0].value[1]
    }, 'five targets up')
    expect(Number(value)).toBeGreaterThanOrEqual(5)
  })

  it('names the holder of a taken port and the flag that changes it', async () => {
    const other = runSignalbox([
      'up',
      '--port',
      new URL(fleet.api).port,
      '--metrics-port',
      '0',
      '--console-port',
      '0',
      '--engine-port',
      '0',
      '--engines',
      '1',
    ])
    expect(await other.exited()).toBe(1)
    expect(other.output()).toMatch(/port \d+ on 127\.0\.0\.1 is taken by .*\(pid \d+\).*--port/)
  })

  it('sees an engine that is killed leave the pool and come back, and says so', async () => {
    await eventually(async () => (await readyPods(fleet)) === 3, 'three ready engines')
    process.kill(engineOn(fleet, fleet.enginePort), 'SIGKILL')
    await eventually(async () => (await readyPods(fleet)) === 2, 'two ready engines')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        client.chat.completions.create({ model: 'demo-8b', max_tokens: 2, messages: [{ role: 'user', content: 'Still there?' }] }),
      ),
    )
    expect(answers.every((answer) => answer.choices.length === 1)).toBe(true)
    await eventually(() => /engine-1: ended by SIGKILL; starting it again in 5 s/.test(fleet.output()), 'the restart to be announced')
    await eventually(async () => (await readyPods(fleet)) === 3, 'three ready engines again')
    expect(fleet.output()).toContain('engine-1: running again')
  })

  it('keeps its books: totals, outcomes, errors and running requests add up', async () => {
    const page = await textOf(`${fleet.admin}/metrics`)
    const outcomes = sumOf(page, 'signalbox_requests_total')
    expect(outcomes).toBeGreaterThan(20)
    expect(sumOf(page, 'inference_model_request_total')).toBe(outcomes)
    expect(sumOf(page, 'llm_d_epp_request_total')).toBe(outcomes)
  })
})

describe('stopping', () => {
  it('gives a running answer its time, then ends it with an error event, within five seconds', async () => {
    const fleet = await startFleet({ args: ['--no-traffic', '--engines', '1'] })
    const client = new OpenAI({ baseURL: `${fleet.api}/v1`, apiKey: 'none', maxRetries: 0 })
    const stream = await client.chat.completions.create({
      model: 'demo-8b',
      max_tokens: 4_000,
      stream: true,
      messages: [{ role: 'user', content: 'A long story, please' }],
      ...({ ignore_eos: true } as object),
    })
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    const began = Date.now()
    const exit = fleet.interrupt()
    const ended = (async () => {
      for (;;) if ((await iterator.next()).done === true) return 'silence'
    })()
    await expect(ended).rejects.toThrow(/shut|stopp|drain/i)
    expect(await exit).toBe(0)
    // What is reported as a figure elsewhere; here only that the kill at the deadline was enough.
    expect(Date.now() - began).toBeLessThan(15_000)
  })

  it('leaves no process behind when the supervisor itself is killed', async () => {
    const fleet = await startFleet({ args: ['--no-traffic'] })
    const roles = rolesOf(fleet)
    expect(roles.map(({ role }) => role).sort()).toEqual(['engine', 'engine', 'engine', 'gateway', 'monitor'])
    fleet.child.kill('SIGKILL')
    await eventually(() => !roles.some(({ pid }) => isRunning(pid)), 'every role to be gone')
  })
})
