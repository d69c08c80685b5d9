import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closest } from './closest.ts'
import { endpointsOf } from './endpoints.ts'
import { loadConfig, parseConfig } from './load.ts'

const testdata = fileURLToPath(new URL('../../testdata', import.meta.url))
const files = (kind: string) => readdirSync(join(testdata, kind)).filter((name) => name.endsWith('.yaml'))

describe('a configuration file', () => {
  it.each(files('valid'))('%s is accepted', (name) => {
    const loaded = loadConfig(join(testdata, 'valid', name))
    expect(loaded.ok ? [] : loaded.error).toEqual([])
  })

  // UPDATE_GOLDEN=1 writes what is said now beside each file.
  it.each(files('invalid'))('%s is refused with exactly the messages beside it', (name) => {
    const parsed = parseConfig(readFileSync(join(testdata, 'invalid', name), 'utf8'), name)
    const said = parsed.ok ? 'accepted\n' : `${parsed.error.map((problem) => problem.message).join('\n')}\n`
    const golden = join(testdata, 'invalid', name.replace('.yaml', '.txt'))
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, said)
    expect(said).toBe(readFileSync(golden, 'utf8'))
  })

  it('has a default for everything and is frozen to the bottom', () => {
    const parsed = parseConfig('', 'empty')
    if (!parsed.ok) throw new Error(parsed.error[0]?.message)
    expect(parsed.value.gateway.port).toBe(8080)
    expect(parsed.value.host).toBe('127.0.0.1')
    expect(Object.isFrozen(parsed.value.gateway)).toBe(true)
  })

  it('gives a policy no parameters where none are written, which is not the same as an empty set of them', () => {
    const parameters = (text: string) => {
      const parsed = parseConfig(text, 'x')
      return parsed.ok ? parsed.value.scheduler.parameters : parsed.error
    }
    expect(parameters('')).toBeUndefined()
    expect(parameters('scheduler: { parameters: {} }')).toEqual({})
  })

  it('takes one dialect of the simulated engines as a list of one', () => {
    const dialects = (text: string) => {
      const parsed = parseConfig(text, 'x')
      return parsed.ok ? parsed.value.engine.dialect : parsed.error
    }
    expect(dialects('engine: { dialect: sglang }')).toEqual(['sglang'])
    expect(dialects('engine: { dialect: [vllm-v0, sglang] }')).toEqual(['vllm-v0', 'sglang'])
    expect(dialects('')).toEqual(['vllm', 'vllm-0.9'])
  })

  it('never throws, whatever it holds', () => {
    const text = fc.oneof(fc.string(), fc.json())
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((tail) => `a: *${tail}`),
        ),
        (text) => {
          const parsed = parseConfig(text, 'x')
          if (!parsed.ok) expect(parsed.error.length).toBeGreaterThan(0)
        },
      ),
    )
  })

  it('takes its paths from its own folder', () => {
    const loaded = loadConfig(join(testdata, 'valid', 'full.yaml'))
    if (!loaded.ok) throw new Error(loaded.error[0]?.message)
    const { admin, endpoints, monitor, scheduler } = loaded.value
    expect([admin.tokenFile, endpoints.file, monitor.dataFolder, scheduler.policy]).toEqual(
      ['token', 'endpoints.yaml', 'samples', 'mine.mjs'].map((name) => join(testdata, 'valid', name)),
    )
    expect(Object.isFrozen(loaded.value.admin)).toBe(true)
    const engines = loadConfig(join(testdata, 'valid', 'engine.yaml'))
    if (!engines.ok) throw new Error(engines.error[0]?.message)
    const { apiKeyFile, texts } = engines.value.engine
    expect([apiKeyFile, texts]).toEqual([join(testdata, 'valid', 'key'), { file: join(testdata, 'valid', 'answers.jsonl') }])
  })

  it('says that a missing file cannot be read', () => {
    expect(loadConfig('nowhere.yaml')).toMatchObject({ ok: false, error: [{ message: 'nowhere.yaml: cannot be read (ENOENT)' }] })
  })
})

describe('endpoints', () => {
  it('take host and port as their id unless given one', () => {
    const endpoints = endpointsOf(['http://gpu1:8000', { url: 'http://gpu2:8000/', id: 'two' }])
    expect(endpoints).toMatchObject({
      ok: true,
      value: [
        { id: 'gpu1:8000', url: 'http://gpu1:8000' },
        { id: 'two', url: 'http://gpu2:8000' },
      ],
    })
  })

  it('are refused with a path or with an id twice', () => {
    expect(endpointsOf(['http://gpu1:8000/v1'])).toMatchObject({ ok: false, error: expect.stringContaining('host and port alone') })
    expect(endpointsOf(['http://gpu1:8000', 'http://gpu1:8000'])).toMatchObject({ ok: false, error: expect.stringContaining('same id') })
  })
})

it('suggests the nearest known word, and none that is far', () => {
  expect(closest('prot', ['port', 'host'])).toBe('port')
  expect(closest('zzzzzz', ['port', 'host'])).toBeUndefined()
})
