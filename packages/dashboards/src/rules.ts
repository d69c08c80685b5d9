import type { DialectId } from '@signalbox/signals'
import { levelOf } from './expressions.ts'
import type { Objectives, RuleSet } from './types.ts'

/** The recording and alerting rules for a fleet that speaks `dialects`, and their tests. */
export function rules(options: { readonly dialects: readonly DialectId[]; readonly objectives: Objectives }): RuleSet {
  if (!options.dialects.includes('vllm')) return { groups: [], tests: [] }
  const waiting = levelOf('sum', 'engine.requests_waiting', { model: '', windowSeconds: 60 })
  return {
    groups: [
      {
        name: 'signalbox-engines',
        intervalSeconds: 15,
        rules: [
          { kind: 'recording', record: 'signalbox:engine_requests_waiting:sum', expr: waiting, labels: {} },
          {
            kind: 'alert',
            alert: 'InferenceQueueLengthHigh',
            expr: 'signalbox:engine_requests_waiting:sum > 20',
            forSeconds: 300,
            severity: 'warning',
            labels: {},
            summary: '{{ $value | humanize }} requests wait in the engines',
            description: 'More requests wait than the engines can take. Look at the KV cache in use; add engines, or shed load.',
            runbook: 'InferenceQueueLengthHigh',
          },
        ],
      },
    ],
    tests: [
      {
        name: 'a long queue fires after five minutes',
        intervalSeconds: 60,
        input: [{ series: 'vllm:num_requests_waiting{instance="a"}', values: '0 30x10' }],
        expectations: [
          { alert: 'InferenceQueueLengthHigh', atSeconds: 300, firing: [] },
          { alert: 'InferenceQueueLengthHigh', atSeconds: 480, firing: [{ severity: 'warning' }] },
        ],
      },
    ],
  }
}
