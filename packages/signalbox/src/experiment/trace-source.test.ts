import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@signalbox/base'
import type { TraceFormatId } from '@signalbox/replay'
import { afterAll, describe, expect, it } from 'vitest'
import { StartError } from '../supervisor/role-process.ts'
import { openTrace } from './trace-source.ts'

const folder = mkdtempSync(join(tmpdir(), 'signalbox-trace-'))
afterAll(() => rmSync(folder, { recursive: true }))

function given(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function open(name: string, { format, requestsMax, seed = 1 }: { format?: TraceFormatId; requestsMax?: number; seed?: number } = {}) {
  return openTrace({ name, format, requestsMax }, seededRandom(seed))
}

const line = (fields: object): string => `${JSON.stringify({ promptTokens: 10, outputTokens: 5, ...fields })}\n`

describe('a file', () => {
  it('is read in pieces, whatever its length and wherever characters are cut', () => {
    const lines = Array.from({ length: 30_000 }, (_, index) => line({ atMs: index, model: 'modèle-€-🚦' }))
    const { trace, isRandom } = open(given('long.jsonl', lines.join('')))
    expect(trace.requests).toHaveLength(30_000)
    expect(new Set(trace.requests.map(({ model }) => model))).toEqual(new Set(['modèle-€-🚦']))
    expect(isRandom).toBe(false)
  })

  it('is read no further than is wanted', () => {
    const path = given('bad-end.jsonl', `${line({ atMs: 0 })}${line({ atMs: 1 })}nonsense`)
    expect(open(path, { requestsMax: 2 }).trace.requests).toHaveLength(2)
    expect(() => open(path)).toThrow('bad-end.jsonl:3')
  })

  it('says whether the seed makes up what it does not say', () => {
    const path = given('no-times.jsonl', line({}).repeat(3))
    const first = open(path)
    expect(first.isRandom).toBe(true)
    expect(open(path).trace).toEqual(first.trace)
    expect(open(path, { seed: 2 }).trace).not.toEqual(first.trace)
  })

  it('that is none is refused with its name, once, and what to give', () => {
    const missing = join(folder, 'gone.jsonl')
    expect(() => open(missing)).toThrow(
      new StartError(
        `${missing}: cannot be read (ENOENT); give a file (weka, mooncake, azure, burstgpt, decisions, agents, jsonl) or shape:<name>, --help lists the shapes`,
      ),
    )
    expect(() => open(folder)).toThrow(`${folder}: cannot be read (EISDIR)`)
    expect(() => open('poisson,requests=5')).toThrow('the shape is written shape:poisson,requests=5')
    expect(() => open(given('empty.jsonl', ''))).toThrow(new StartError('empty.jsonl: the file is empty; expected a trace'))
    expect(() => open(given('prose.txt', 'Once upon a time\n'))).toThrow(
      /^prose\.txt:1: no known format begins like this: "Once upon a time"; known are /,
    )
    expect(() => open(given('field.jsonl', line({ atMs: 0 }) + line({ atMs: 'soon' })))).toThrow(/^field\.jsonl:2: atMs: /)
  })
})

describe('a shape', () => {
  it('has the parameters that are given, and the number of requests of the flag', () => {
    const { trace, isRandom } = open('shape:poisson, requests=20, outputTokens=7,outputSpread=0')
    expect(trace.requests).toHaveLength(20)
    expect(trace.requests.every(({ output }) => output.tokens === 7)).toBe(true)
    expect(isRandom).toBe(true)
    expect(open('shape:poisson,requests=20', { requestsMax: 5 }).trace.requests).toHaveLength(5)
  })

  it('without chance in it is the same under every seed, and says so', () => {
    expect(open('shape:prefix-cache').isRandom).toBe(false)
  })

  it.each([
    ['shape:poison', 'shape:poison: there is no shape "poison"; did you mean poisson? There are poisson, '],
    ['shape:', 'shape:: there is no shape ""; There are poisson, '],
    ['shape:poisson,request=5', 'poisson has no parameter "request"; did you mean requests?'],
    ['shape:poisson,requests', '"requests" is no parameter; write name=number'],
    ['shape:poisson,requests=', '"requests=" is no parameter; write name=number'],
    ['shape:poisson,requests=many', '"requests=many" is no parameter; write name=number'],
    ['shape:poisson,requests=1,requests=2', 'requests is given twice'],
    ['shape:poisson,requests=0', 'requests: expected a whole number from 1 to 10000000, found 0'],
    ['shape:poisson,ratePerSecond=-1', 'ratePerSecond: expected a number from 0.0001 to 100000, found -1'],
  ])('that is wrong is refused: %s', (name, message) => {
    expect(() => open(name)).toThrow(StartError)
    expect(() => open(name)).toThrow(message)
  })

  it('is of no format', () => {
    expect(() => open('shape:poisson', { format: 'azure' })).toThrow('--format azure: shape:poisson is a shape and no file')
  })
})
