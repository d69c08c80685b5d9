import { Registry } from '@signalbox/instruments'
import { entriesOf } from '@signalbox/signals'
import { expect, it } from 'vitest'
import { measureProcess, systemClock } from '../src/index.ts'

it('measures this process', () => {
  const registry = new Registry({ entries: entriesOf('process', 'signalbox'), clock: systemClock })
  const stop = measureProcess(registry)
  const sampleOf = (name: string): number => Number(new RegExp(`^${name} (.*)$`, 'm').exec(registry.render('text'))?.[1])
  const cpuSeconds = sampleOf('process_cpu_seconds_total')
  expect(cpuSeconds).toBeGreaterThan(0)
  expect(sampleOf('process_cpu_seconds_total')).toBeGreaterThanOrEqual(cpuSeconds)
  expect(sampleOf('process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
  expect(Math.abs(Date.now() / 1000 - process.uptime() - sampleOf('process_start_time_seconds'))).toBeLessThan(60)
  expect(sampleOf('signalbox_event_loop_lag_seconds')).toBeGreaterThanOrEqual(0)
  if (process.platform === 'linux') expect(sampleOf('process_open_fds')).toBeGreaterThan(3)
  stop()
})
