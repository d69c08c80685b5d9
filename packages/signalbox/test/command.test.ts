import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, ask, bodyOf } from './client.ts'
import { eventually, type Fleet, freePort, metricsOf, readyPods, runSignalbox, startFleet, sumOf, textOf } from './fleet.ts'

const folder = mkdtempSync(join(tmpdir(), 'signalbox-command-'))
const testdata = fileURLToPath(new URL('../testdata', import.meta.url))
const examplePolicies = fileURLToPath(new URL('../../scheduler/testdata', import.meta.url))
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

async function run(args: readonly string[], cwd = folder): Promise<{ readonly code: number | 'timeout'; readonly output: string }> {
  const running = runSignalbox(args, cwd)
  const code = await running.exited()
  return { code, output: running.output() }
}

/** `file` with `text` in it, in the folder where the commands run. */
function given(file: string, text: string): string {
  writeFileSync(join(folder, file), text)
  return file
}

const commands = ['up', 'gateway', 'monitor', 'engine', 'decisions', 'metrics', 'export', 'lint', 'query', 'replay', 'load', 'config', 'version']

describe('help', () => {
  it('lists every command', async () => {
    const { code, output } = await run(['--help'])
    expect(code).toBe(0)
    for (const command of commands) expect(output).toMatch(new RegExp(`^  ${command}( |$)`, 'm'))
  })

  it.each([...commands, 'config check'])('says what `%s` does and takes', async (command) => {
    const { code, output } = await run([...command.split(' '), '--help'])
    expect(code).toBe(0)
    expect(output).toContain(`Usage: signalbox ${command}`)
    expect(output).toContain('--help')
  })

  it('is what an empty command line gets, as a failure', async () => {
    const { code, output } = await run([])
    expect(code).toBe(1)
    expect(output).toContain('Usage: signalbox')
  })
})

it('prints its version', async () => {
  for (const args of [['version'], ['--version'], ['-V']]) expect(await run(args)).toEqual({ code: 0, output: `${version}\n` })
})

describe('a slip of the hand', () => {
  it.each([
    [['upp'], 'Did you mean up?'],
    [['config', 'chekc'], 'Did you mean check?'],
    [['up', '--prot', '1'], 'Did you mean --port?'],
    [['up', '--port', 'eighty'], 'a port is a whole number from 0 to 65535'],
    [['up', '--engines', '0'], 'a fleet has 1 to 64 simulated engines'],
    [['up', '--backend', 'gpu1:8000'], '--backend gpu1:8000: expected an address such as http://gpu1:8000'],
    [['up', '--backend', 'http://gpu1:8000/v1'], 'backend http://gpu1:8000/v1: give scheme, host and port alone'],
    [['up', '--backend', 'http://gpu1:8000', '--backend', 'http://gpu1:8000'], 'have the same id "gpu1:8000"'],
    [['gateway', '--policy', 'lest-cost', '--port', '0', '--metrics-port', '0'], 'did you mean "least-cost"?'],
    [['up', '--config', 'nowhere.yaml'], 'nowhere.yaml: cannot be read (ENOENT)'],
    [['decisions', '--token-file', 'nowhere'], '--token-file: nowhere cannot be read (ENOENT)'],
  ] as const)('%j is answered with words that say how to mend it', async (args, message) => {
    const { code, output } = await run(args)
    expect(code).toBe(1)
    expect(output).toContain(message)
    expect(output).not.toMatch(/^\s+at /m)
  })
})

describe('config check', () => {
  it('says what a good file amounts to, and prints it whole with its defaults', async () => {
    const file = given(
      'good.yaml',
      'endpoints: { backends: [http://gpu1:8000, { id: two, url: "http://gpu2:8000" }] }\nscheduler: { policy: random }\n',
    )
    expect(await run(['config', 'check', file])).toEqual({ code: 0, output: 'good.yaml: good. Policy random, 2 backends.\n' })
    const { code, output } = await run(['config', 'check', '--json', file])
    expect(code).toBe(0)
    expect(JSON.parse(output)).toMatchObject({ gateway: { port: 8080 }, scheduler: { policy: 'random' } })
  })

  it('takes signalbox.yaml where no file is named', async () => {
    expect(await run(['config', 'check'])).toEqual({ code: 1, output: 'signalbox.yaml: cannot be read (ENOENT)\n' })
  })

  it.each(['wrong-types', 'unknown-keys', 'not-yaml', 'a-list'])('prints every problem of %s.yaml with line and column', async (name) => {
    const expected = readFileSync(join(testdata, 'invalid', `${name}.txt`), 'utf8')
    expect(await run(['config', 'check', `${name}.yaml`], join(testdata, 'invalid'))).toEqual({ code: 1, output: expected })
    expect(expected).toMatch(/^[\w-]+\.yaml:\d+:\d+: /)
  })

  it('refuses two backends of one id and an endpoints file that is not there', async () => {
    const twins = await run(['config', 'check', given('twins.yaml', 'endpoints: { backends: [http://a:1, http://a:1] }\n')])
    expect(twins).toEqual({ code: 1, output: expect.stringContaining('have the same id "a:1"') })
    const missing = await run(['config', 'check', given('missing.yaml', 'endpoints: { file: ./gone.yaml }\n')])
    expect(missing).toEqual({ code: 1, output: expect.stringContaining('gone.yaml: cannot be read (ENOENT)') })
  })
})

describe('a taken port', () => {
  it.each(['--port', '--metrics-port', '--console-port', '--engine-port'])(
    'is named with its holder and with %s, and leaves nothing running',
    async (flag) => {
      const holder = createServer()
      const port = await freePort()
      await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve))
      try {
        const ports = ['--port', '--metrics-port', '--console-port', '--engine-port'].flatMap((each) => [each, each === flag ? String(port) : '0'])
        const { code, output } = await run(['up', '--engines', '1', '--no-traffic', ...ports])
        expect(code).toBe(1)
        expect(output).toMatch(
          new RegExp(`port ${port} on 127\\.0\\.0\\.1 is taken by .*\\(pid ${process.pid}\\).*; choose another with ${flag}$`, 'm'),
        )
      } finally {
        await new Promise((resolve) => holder.close(resolve))
      }
    },
  )
})

describe('a policy module', () => {
  let fleet: Fleet
  let answer: Answer
  beforeAll(async () => {
    fleet = await startFleet({ args: ['--no-traffic', '--policy', './kv-headroom.mjs'], cwd: examplePolicies })
    await eventually(async () => (await readyPods(fleet)) === 3, 'three ready engines')
    answer = await ask(fleet.api, bodyOf({ prompt: 'By whose rules?', tokens: 3 }))
  })
  afterAll(async () => {
    await fleet.interrupt()
  })
  const decisions = (...args: string[]) => run(['decisions', '--url', fleet.admin, ...args])

  it('routes, and is named by what it has decided', async () => {
    expect(answer.status).toBe(200)
    expect(JSON.parse(await textOf(`${fleet.admin}/debug/endpoints`))).toMatchObject({ policy: 'kv-headroom' })
    expect(JSON.parse(await textOf(`${fleet.admin}/debug/decisions/${answer.id}`))).toMatchObject({
      policy: 'kv-headroom',
      status: 'ok',
      termInfo: [{ id: 'used', label: 'KV in use' }],
    })
    expect(sumOf(await metricsOf(fleet), 'llm_d_epp_scheduler_attempts_total', 'status="success"')).toBe(1)
  })

  it('shows in the table of decisions and in one decision by its id', async () => {
    const listed = await decisions()
    expect(listed.code).toBe(0)
    const [header, row, ...rest] = listed.output.trimEnd().split('\n')
    expect(header).toMatch(/^time +status +model +endpoint +TTFT .* id$/)
    expect(row).toMatch(new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3}  ok  +demo-8b  +engine-\\d .* ${answer.id}$`))
    expect(rest).toEqual([])
    const one = await decisions(answer.id)
    expect(one).toEqual({
      code: 0,
      output: expect.stringMatching(/policy kv-headroom\n[\s\S]*Attempt 1: engine-\d[\s\S]*endpoint +KV in use +cost\n/),
    })
    for (const name of ['engine-1', 'engine-2', 'engine-3']) expect(one.output).toContain(name)
  })

  it('is exported as JSON, one record a line', async () => {
    const { code, output } = await decisions('--json')
    expect(code).toBe(0)
    expect(JSON.parse(output)).toMatchObject({ id: answer.id, policy: 'kv-headroom' })
  })

  it('leaves the filters of the command to the gateway, which says what is wrong with one', async () => {
    expect(await decisions('--status', 'error')).toEqual({ code: 0, output: 'No decision matches.\n' })
    expect(await decisions('--model', 'demo-8b', '--status', 'ok')).toEqual({ code: 0, output: expect.stringContaining(answer.id) })
    expect(await decisions('--status', 'fine')).toEqual({ code: 1, output: expect.stringContaining('status is one of running, ok, error') })
    expect(await decisions('--limit', '0')).toEqual({ code: 1, output: expect.stringContaining('limit is a whole number from 1 to 1000') })
    expect(await decisions('no-such-id')).toEqual({ code: 1, output: expect.stringContaining('no decision "no-such-id"') })
  })

  it.each([
    ['export const policy = 1\n', 'no export named "policy"'],
    [
      'export const policy = { type: "least-cost", stability: "stable", description: "", terms: [] }\n',
      'policy.type "least-cost" is a built-in policy',
    ],
    ['export const policy = {\n', 'cannot be loaded: '],
    ['throw new Error("not today")\n', 'cannot be loaded: not today'],
    [
      'export const policy = { type: "mine", stability: "alpha", description: "x", terms: [{ id: "a", label: "A", unit: "none", group: "order", description: "x" }], create() { throw new Error("no luck") } }\n',
      'no luck',
    ],
  ])('that is broken is refused with what is wrong with it: %j', async (text, message) => {
    const { code, output } = await run(['gateway', '--port', '0', '--metrics-port', '0', '--policy', `./${given('broken.mjs', text)}`])
    expect(code).toBe(1)
    expect(output).toContain(message)
    expect(output).toMatch(/^scheduler\.p/)
    expect(output).not.toMatch(/^\s+at /m)
  })

  it('that is not there ends the whole of `up` with the reason', async () => {
    const ports = ['--port', '--metrics-port', '--console-port', '--engine-port'].flatMap((flag) => [flag, '0'])
    expect(await run(['up', '--engines', '1', ...ports, '--policy', './gone.mjs'])).toEqual({
      code: 1,
      output: expect.stringContaining('scheduler.policy: ./gone.mjs cannot be loaded'),
    })
  })
})

it('says that nothing answers where it looks for decisions', async () => {
  const url = `http://127.0.0.1:${await freePort()}`
  expect(await run(['decisions', '--url', url])).toEqual({
    code: 1,
    output: `${url}: no answer (ECONNREFUSED); is the gateway running, and is this its metrics address (--url)?\n`,
  })
})
