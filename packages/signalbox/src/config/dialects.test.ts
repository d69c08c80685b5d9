import { expect, it } from 'vitest'
import { forDemonstration, gatewayDialectsOf, monitorDialectsOf } from './dialects.ts'
import { parseConfig } from './load.ts'
import type { Config } from './schema.ts'

function config(text: string): Config {
  const parsed = parseConfig(text, 'x')
  if (!parsed.ok) throw new Error(parsed.error[0]?.message)
  return parsed.value
}

it('every dialect but the one without a prefix is on by default, and that too in a demonstration', () => {
  expect(gatewayDialectsOf(config(''))).toHaveLength(9)
  expect(gatewayDialectsOf(config(''))).not.toContain('llumnix')
  expect(gatewayDialectsOf(forDemonstration(config('')))).toContain('llumnix')
})

it('what the file says holds, in a demonstration too', () => {
  const chosen = config('metrics: { dialects: [llumnix, signalbox] }')
  expect(gatewayDialectsOf(forDemonstration(chosen))).toEqual(['signalbox', 'llumnix'])
  expect(gatewayDialectsOf(config('metrics: { dialects: [] }'))).toEqual([])
  expect(gatewayDialectsOf(config('metrics: { dialects: [all] }'))).toEqual(gatewayDialectsOf(forDemonstration(config(''))))
})

it('the monitor shows those of them that name something it measures', () => {
  expect(monitorDialectsOf(config(''))).toEqual(['signalbox', 'process'])
  expect(monitorDialectsOf(config('metrics: { dialects: [llumnix, inference-pool] }'))).toEqual(['llumnix'])
})
