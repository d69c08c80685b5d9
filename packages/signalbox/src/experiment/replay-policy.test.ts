import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@signalbox/base'
import { afterAll, describe, expect, it } from 'vitest'
import { StartError } from '../supervisor/role-process.ts'
import { replayPolicy } from './replay-policy.ts'

const folder = mkdtempSync(join(tmpdir(), 'signalbox-policy-'))
afterAll(() => rmSync(folder, { recursive: true }))

function module(name: string, create: string): string {
  const path = join(folder, name)
  const term = "{ id: 'a', label: 'A', unit: 'none', group: 'order', description: 'x' }"
  writeFileSync(path, `export const policy = { type: 'mine', stability: 'alpha', description: 'x', terms: [${term}],\n  create() { ${create} },\n}\n`)
  return path
}

describe('replayPolicy', () => {
  it('knows the built-in policies and the oracle', async () => {
    expect(await replayPolicy('least-cost')).toMatchObject({ kind: 'scheduler', plugin: { type: 'least-cost' } })
    expect(await replayPolicy('oracle')).toEqual({ kind: 'oracle' })
  })

  it('names what there is for a name that is none', async () => {
    await expect(replayPolicy('lest-cost')).rejects.toThrow(
      '--policy: there is no policy "lest-cost"; did you mean "least-cost"? There are least-cost, ',
    )
    await expect(replayPolicy('lest-cost')).rejects.toThrow(', oracle, or give a module such as ./mine.mjs')
  })

  it('takes parameters after colons', async () => {
    expect(await replayPolicy('least-cost:stallPrice=0.3:decodeWeight=0')).toMatchObject({
      plugin: { type: 'least-cost' },
      parameters: { stallPrice: 0.3, decodeWeight: 0 },
    })
  })

  it.each([
    ['least-cost:stallPrice=cheap', 'stallPrice must be a number, not "cheap"'],
    ['least-cost:stallPric=1', 'unknown parameter stallPric; it takes stallPrice, decodeWeight'],
    ['least-cost:stallPrice=-1', 'stallPrice must be a number from 0 to 1000, not -1'],
    ['random:stallPrice=1', 'unknown parameter stallPrice; it takes none'],
  ])('refuses %s', async (name, message) => {
    await expect(replayPolicy(name)).rejects.toThrow(StartError)
    await expect(replayPolicy(name)).rejects.toThrow(message)
  })

  it('refuses a module whose create throws, with the place', async () => {
    const path = module('unlucky.mjs', "throw new Error('no luck')")
    await expect(replayPolicy(path)).rejects.toThrow(new StartError(`--policy: ${path}: create threw no luck (unlucky.mjs:2:20)`))
  })

  it('makes a mistake of its author of what a policy throws in a run', async () => {
    const path = module('later.mjs', 'return { score() { null.length } }')
    const choice = await replayPolicy(path)
    if (choice.kind !== 'scheduler') throw new Error('no policy')
    const policy = choice.plugin.create(undefined, { random: seededRandom(1) })
    expect(() => policy.score(undefined as never, undefined as never)).toThrow(StartError)
    expect(() => policy.score(undefined as never, undefined as never)).toThrow(
      /later\.mjs: score threw Cannot read properties of null .*\(later\.mjs:2:\d+\)$/,
    )
  })
})
