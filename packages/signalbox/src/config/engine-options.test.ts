import { type EngineOptions, profiles } from '@signalbox/engine'
import { describe, expect, it } from 'vitest'
import { engineDialectOf, engineFaultsOf, engineModelOf, engineOptionsOf } from './engine-options.ts'
import { parseConfig } from './load.ts'
import type { Config } from './schema.ts'

function configOf(text: string): Config {
  const parsed = parseConfig(text, 'x')
  if (!parsed.ok) throw new Error(parsed.error[0]?.message)
  return parsed.value
}

const optionsOf = (text: string): EngineOptions => engineOptionsOf(configOf(text))

describe('a simulated engine of the configuration', () => {
  it('is its profile where nothing else is said', () => {
    expect(optionsOf('')).toMatchObject(profiles.get('demo')?.options as EngineOptions)
    expect(optionsOf('engine: { profile: 70b-h100 }')).toMatchObject(profiles.get('70b-h100')?.options as EngineOptions)
    expect(engineModelOf(configOf('engine: { profile: 70b-h100 }'))).toBe('meta-llama/Llama-3.3-70B-Instruct')
  })

  it('differs from it in what is said', () => {
    const text =
      'engine: { model: mine, kvBlocks: 99, sequencesMax: 3, batchTokensMax: 64, contextTokensMax: 500, prefixCaching: false, scheduling: priority }'
    expect(optionsOf(text)).toMatchObject({
      model: 'mine',
      blocksTotal: 99,
      sequencesMax: 3,
      batchTokensMax: 64,
      contextTokensMax: 500,
      prefixCaching: false,
      scheduling: 'priority',
      blockTokens: 16,
    })
  })

  it('transfers keys and values where it is half of a pair, or where a duration is given', () => {
    expect(optionsOf('').kvTransfer).toBeUndefined()
    expect(optionsOf('engine: { role: prefill }').kvTransfer).toEqual(optionsOf('engine: { kvTransfer: {} }').kvTransfer)
    expect(optionsOf('engine: { role: decode, kvTransfer: { setupMs: 1 } }').kvTransfer).toEqual({ setupMs: 1, msPerToken: 0.01 })
  })

  it('takes its dialect in turn', () => {
    const config = configOf('engine: { dialect: [vllm, sglang] }')
    expect([0, 1, 2, 3].map((index) => engineDialectOf(config, index))).toEqual(['vllm', 'sglang', 'vllm', 'sglang'])
  })

  it('has the faults of all, or those of its own place in the list', () => {
    const all = configOf('engine: { faults: { refuse: true } }')
    expect([0, 5].map((index) => engineFaultsOf(all, index))).toEqual([{ refuse: true }, { refuse: true }])
    const each = configOf('engine: { faults: [{}, { die: { value: true, afterMs: 5 } }] }')
    expect([0, 1, 2].map((index) => engineFaultsOf(each, index))).toEqual([{}, { die: { value: true, afterMs: 5 } }, {}])
  })
})
