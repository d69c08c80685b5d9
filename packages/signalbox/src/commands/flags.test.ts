import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { engineCount, portNumber, withEngineFlags } from './flags.ts'

describe('a number given by hand', () => {
  it.each([
    ['0', 0],
    ['8080', 8080],
    ['65535', 65_535],
  ])('%j is a port', (text, port) => {
    expect(portNumber(text)).toBe(port)
  })

  it.each(['', ' ', 'abc', '-1', '1.5', '65536', '0x50', '1e3'])('%j is no port', (text) => {
    expect(() => portNumber(text)).toThrow('a port is a whole number from 0 to 65535')
  })

  it.each(['1', '3', '64'])('%j is a number of engines', (text) => {
    expect(engineCount(text)).toBe(Number(text))
  })

  it.each(['', '0', '-1', '65', 'three'])('%j is no number of engines', (text) => {
    expect(() => engineCount(text)).toThrow('a fleet has 1 to 64 simulated engines')
  })
})

describe('the dialects of simulated engines', () => {
  const parse = (...args: string[]) =>
    withEngineFlags(new Command().exitOverride().configureOutput({ writeErr: () => {} }), 'its port')
      .parse(args, { from: 'user' })
      .opts()

  it('are given as a list, or by repeating the flag', () => {
    expect(parse('--engine-dialect', 'vllm-v0', 'sglang')).toEqual({ engineDialect: ['vllm-v0', 'sglang'] })
    expect(parse('--engine-dialect', 'vllm', '--engine-dialect', 'vllm-0.9')).toEqual({ engineDialect: ['vllm', 'vllm-0.9'] })
    expect(parse()).toEqual({})
  })

  it('are refused by a name that nobody speaks', () => {
    expect(() => parse('--engine-dialect', 'tgi')).toThrow('Allowed choices are vllm, vllm-0.9, vllm-v0, sglang')
  })
})
