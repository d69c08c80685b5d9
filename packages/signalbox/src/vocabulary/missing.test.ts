import { entriesFor, type SignalId, signals } from '@signalbox/signals'
import { describe, expect, it } from 'vitest'
import { filledNames, gaps, missingNames, spokenDialects } from './missing.ts'

const ids = Object.keys(signals) as SignalId[]
const covers = (pattern: string, id: SignalId) => (pattern.endsWith('.') ? id.startsWith(pattern) : id === pattern)
const isFilled = filledNames()
const spoken = ids.flatMap(entriesFor).filter(({ dialect }) => spokenDialects.includes(dialect))

describe('the names that nothing fills', () => {
  it('are, with those that something fills, all names of the dialects spoken', () => {
    const missing = missingNames().map(({ entry }) => entry)
    const filled = spoken.filter(isFilled)
    expect(missing.filter((entry) => filled.includes(entry))).toEqual([])
    expect(missing.length + filled.length).toBe(spoken.length)
  })

  it('each have one component and one reason, in one sentence without its stop', () => {
    for (const { component, reason } of missingNames()) {
      expect(component).not.toBe('')
      expect(reason).toMatch(/^\S.*[^.]$/)
    }
    const explainedTwice = ids.filter((id) => gaps.filter((gap) => gap.signals.some((pattern) => covers(pattern, id))).length > 1)
    expect(explainedTwice).toEqual([])
  })

  it('have no reason that explains nothing, or what is filled', () => {
    const missing = missingNames()
    expect(gaps.filter(({ component }) => !missing.some((name) => name.component === component)).map(({ component }) => component)).toEqual([])
    for (const { signals: patterns } of gaps) {
      for (const pattern of patterns) {
        const covered = spoken.filter(({ signal }) => covers(pattern, signal))
        expect([pattern, covered.length > 0, covered.filter(isFilled).map(({ name }) => name)]).toEqual([pattern, true, []])
      }
    }
  })

  it('hold what no part has, and not what one has', () => {
    const names = missingNames().map(({ entry }) => entry.name)
    expect(names).toEqual(
      expect.arrayContaining(['go_goroutines', 'lora_syncer_adapter_status', 'instance_cms_used_gpu_tokens', 'request_fallback_total']),
    )
    for (const name of [
      'request_total',
      'inference_pool_ready_pods',
      'signalbox_slo_requests_total',
      'process_open_fds',
      'kvcache_index_admissions_total',
      'uptime_seconds',
    ])
      expect(names).not.toContain(name)
  })

  it('leave engines to their own names', () => {
    expect(missingNames().filter(({ entry }) => entry.name.startsWith('vllm:'))).toEqual([])
  })
})
