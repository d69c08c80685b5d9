import { seededRandom } from '@signalbox/base'
import { describe, expect, it } from 'vitest'
import * as example from '../testdata/kv-headroom.mjs'
import { loadPolicy, policies } from './index.ts'
import { World } from './scheduler.case.ts'

const deps = { random: seededRandom(1) }

describe('the registry of policies', () => {
  it('has the documented ones, each with described terms', () => {
    expect([...policies.keys()]).toEqual(['least-cost', 'round-robin', 'least-requests', 'longest-prefix', 'random'])
    for (const plugin of policies.values()) expect(plugin.terms.every((term) => term.description !== '')).toBe(true)
  })

  it.each([
    ['least-cost', { stallprice: 1 }, 'policy least-cost: unknown parameter stallprice; it takes stallPrice, decodeWeight'],
    ['least-cost', { stallPrice: '1' }, 'policy least-cost: stallPrice must be a number from 0 to 1000, not "1"'],
    ['least-cost', [], 'policy least-cost: parameters must be an object'],
    ['longest-prefix', { weight: 1 }, 'policy longest-prefix: unknown parameter weight; it takes none'],
    ['random', { seed: 1 }, 'policy random: unknown parameter seed; it takes none'],
  ])('refuses wrong parameters of %s at load: %j', (type, parameters, message) => {
    expect(() => policies.get(type)?.create(parameters, deps)).toThrow(message)
  })
})

describe("a user's own policy", () => {
  it('is loaded from its module and chooses', () => {
    const loaded = loadPolicy(example)
    if (!loaded.ok) throw new Error(loaded.error.message)
    const world = new World({ a: { kvUsageRatio: 0.5 }, b: { kvUsageRatio: 0.4, runningRequests: 200 } }, { plugin: loaded.value })
    expect(world.choice()).toBe('b')
    expect(() => loaded.value.create({ x: 1 }, deps)).toThrow('kv-headroom takes no parameters')
  })

  it.each([
    [undefined, 'no export named "policy"'],
    [{ default: {} }, 'no export named "policy"'],
    [{ policy: { ...example.policy, type: 'least-cost' } }, 'policy.type "least-cost" is a built-in policy'],
    [{ policy: { ...example.policy, type: 'Mine!' } }, 'policy.type must be a name of letters, digits and dashes'],
    [{ policy: { ...example.policy, stability: 'rc' } }, 'policy.stability must be one of stable, beta, alpha'],
    [{ policy: { ...example.policy, terms: [] } }, 'policy.terms must be a list of 1 to 32 terms'],
    [
      { policy: { ...example.policy, terms: [{ ...example.policy.terms[0], unit: 'ms' }] } },
      'policy.terms[0].unit must be one of seconds, requests, none',
    ],
    [{ policy: { ...example.policy, create: undefined } }, 'policy.create must be a function'],
  ])('that is not one is refused with what is missing (%#)', (module, message) => {
    const loaded = loadPolicy(module)
    expect(loaded.ok ? '' : loaded.error.message).toContain(message)
  })

  it('fails at load when create answers no scorer', () => {
    const loaded = loadPolicy({ policy: { ...example.policy, create: () => ({ scores: 1 }) } })
    expect(() => (loaded.ok ? loaded.value.create(undefined, deps) : undefined)).toThrow('must answer an object with a function score')
  })

  it('that answers no numbers still yields a choice', () => {
    const loaded = loadPolicy({ policy: { ...example.policy, create: () => ({ score: () => {} }) } })
    if (!loaded.ok) throw new Error(loaded.error.message)
    expect(['a', 'b']).toContain(new World({ a: {}, b: {} }, { plugin: loaded.value }).choice())
  })
})
