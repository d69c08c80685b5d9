import { levelOf, quantileOfEach, ratio } from '../expressions.ts'
import { hitRatioOf, lookupsOf } from '../hit-ratio.ts'
import { layoutsOf } from '../layouts.ts'
import { entriesIn, labelOf } from '../selectors.ts'
import type { RuleTest, Scope } from '../types.ts'
import type { AlertDraft } from './alert.ts'
import { expectation } from './gateway-alerts.ts'
import { type InputSeries, RuleInput } from './rule-input.ts'

const INPUT_STEPS = 30
const MINUTE = 60
const ENGINE = { model: 'm', instance: 'engine-1' } as const

/** Fewer looked-up tokens a second than this say nothing of a hit rate. */
const LOOKUPS_MIN = 100

/** The alerts on model servers. SOURCE: names, thresholds and severities of the seed guide's table, which gives no expressions. */
export function fleetAlerts(scope: Scope): AlertDraft[] {
  return [latency(scope), hitRate(scope), memory(scope), queue(scope)]
}

function latency(scope: Scope): AlertDraft {
  const name = 'HighInferenceLatency'
  const signal = 'engine.e2e'
  const model = labelOf(signal, 'model', scope)
  const quantile = quantileOfEach(0.95, signal, scope, { by: ['model'] })
  const layouts = layoutsOf(signal, scope)
  const [first] = layouts
  const dialect = layouts.length > 1 && first !== undefined ? { dialect: first.title } : {}
  const input = new RuleInput(scope, INPUT_STEPS)
  // Generations that share a name are told apart by a standing one, which is on every page.
  const page = input.series('engine.kv_usage', ENGINE, { value: 0.5 })
  return {
    alert: name,
    expr: quantile === undefined ? undefined : `(${quantile}) > 10`,
    forSeconds: 5 * MINUTE,
    severity: 'warning',
    summary: `Requests for {{ $labels.${model} }} take more than 10 s (p95)`,
    meaning: 'The 95th percentile of the time from arrival at the engines to the last token has been above 10 seconds for 5 minutes.',
    causes: ['Requests wait in the engines.', 'Answers became longer.', 'Preemption throws work away and repeats it.'],
    look: 'Look at the waiting requests and at the time to first token; if both are calm, the answers are long.',
    action: 'Add engines where requests wait; limit the output length or raise the threshold where answers are long by design.',
    tests: [
      expectation(
        name,
        'slow',
        [...page, ...input.histogram(signal, ENGINE, { value: 25, step: 6 })],
        [{ ...dialect, [model]: 'm', severity: 'warning' }],
      ),
      expectation(name, 'fast', [...page, ...input.histogram(signal, ENGINE, { value: 0.4, step: 6 })], []),
    ],
  }
}

function hitRate(scope: Scope): AlertDraft {
  const name = 'LowCacheHitRate'
  const model = labelOf('engine.prompt_tokens', 'model', scope)
  const share = hitRatioOf(scope, ['model'])
  const asked = lookupsOf(scope, ['model'])?.asked
  const input = new RuleInput(scope, INPUT_STEPS)
  const lookups = (step: number, found: number): InputSeries[] => {
    const counters = [...input.series('engine.prefix_queries', ENGINE, { step }), ...input.series('engine.prefix_hits', ENGINE, { step: found })]
    const cached = [
      ...input.series('engine.prompt_tokens', ENGINE, { step }),
      ...input.series('engine.prompt_tokens_cached', ENGINE, { step: found }),
    ]
    if (counters.length === 2) return counters
    if (cached.length === 2) return cached
    return [...input.series('engine.prompt_tokens', ENGINE, { step }), ...input.series('engine.prefix_hit_ratio', ENGINE, { value: found / step })]
  }
  return {
    alert: name,
    expr: share === undefined || asked === undefined ? undefined : `${share} < 0.3 and on (${model}) ${asked} > ${LOOKUPS_MIN}`,
    forSeconds: 10 * MINUTE,
    severity: 'warning',
    summary: `Less than 30 % of the prompt tokens for {{ $labels.${model} }} are cached`,
    meaning: `Of the prompt tokens of a model, of which there are more than ${LOOKUPS_MIN} a second, less than 30 % have been found in the prefix cache for 10 minutes.`,
    causes: [
      'Prefix caching is off, or the engine has just started.',
      'Prompts share less than one block at their beginning: a varying line, such as the time, stands first.',
      'Requests of one conversation go to different engines.',
      'The cache is too small: blocks are evicted before they are used again.',
    ],
    look: 'Compare predicted and delivered cached tokens at the gateway: when prediction is high and delivery low, the engines evict; when both are low, the prompts differ.',
    action:
      'Turn caching on, move what varies to the end of the prompt, route by prefix, or add cache memory. Where prompts have nothing in common, silence this alert for the model.',
    tests: [
      expectation(name, 'low', lookups(60_000, 6_000), [{ [model]: 'm', severity: 'warning' }]),
      expectation(name, 'high', lookups(60_000, 40_000), []),
      expectation(name, 'low on hardly any traffic', lookups(600, 60), []),
    ],
  }
}

function memory(scope: Scope): AlertDraft {
  const name = 'GPUMemoryHigh'
  const device = { by: ['instance', 'gpu'] }
  const used = levelOf('sum', 'gpu.memory_used', scope, device)
  const free = levelOf('sum', 'gpu.memory_free', scope, device)
  const full = used === undefined || free === undefined ? undefined : ratio(used, `(${used} + ${free})`)
  const cache = levelOf('max', 'engine.kv_usage', scope, { by: ['instance'] })
  const input = new RuleInput(scope, INPUT_STEPS)
  const [device0] = entriesIn('gpu.memory_used', scope)
  const kv =
    cache === undefined ? undefined : full === undefined || device0 === undefined ? `${cache} > 0.9` : `(${cache} > 0.9 unless on () ${device0.name})`
  const terms = [full === undefined ? undefined : `${full} > 0.9`, kv].filter((term) => term !== undefined)
  const GPU = { instance: 'node-1', gpu: '0' }
  const GIB = 1024 ** 3
  const frame = (share: number) => [
    ...input.series('gpu.memory_used', GPU, { value: share * 80 * GIB }),
    ...input.series('gpu.memory_free', GPU, { value: (1 - share) * 80 * GIB }),
  ]
  const held = (value: number) => input.series('engine.kv_usage', ENGINE, { value })
  const tests: RuleTest[] = []
  if (full !== undefined) {
    tests.push(
      expectation(name, 'a full device', frame(0.95), [{ ...GPU, severity: 'critical' }]),
      expectation(name, 'a device with room, whatever the cache says', [...frame(0.5), ...held(0.95)], []),
    )
  }
  if (cache !== undefined) {
    tests.push(
      expectation(name, 'a full cache where no device is measured', held(0.95), [{ instance: 'engine-1', severity: 'critical' }]),
      expectation(name, 'a cache with room', held(0.5), []),
    )
  }
  return {
    alert: name,
    expr: terms.length === 0 ? undefined : terms.join(' or '),
    forSeconds: 5 * MINUTE,
    severity: 'critical',
    summary: 'Memory of {{ $labels.instance }} is more than 90 % full',
    meaning:
      "More than 90 % of the framebuffer of a device have been in use for 5 minutes; where no exporter measures devices, more than 90 % of an engine's KV cache.",
    causes: [
      'The engine reserves that share on purpose: vLLM takes 90 % and more for itself unless `--gpu-memory-utilization` says otherwise.',
      'Another process uses the device.',
      'Too many long contexts at once, where it is the KV cache.',
    ],
    look: 'Look whether the share is constant since the engine started (a reservation) or grew (a leak, or load).',
    action:
      'For a reservation raise the threshold above it, or drop this alert in favour of the one on the KV cache. For growth find the process; for a full cache add engines or limit the context length.',
    tests,
  }
}

function queue(scope: Scope): AlertDraft {
  const name = 'InferenceQueueLengthHigh'
  const waiting = levelOf('sum', 'engine.requests_waiting', scope, { by: ['instance'] })
  const input = new RuleInput(scope, INPUT_STEPS)
  const at = (value: number) => input.series('engine.requests_waiting', ENGINE, { value })
  return {
    alert: name,
    expr: waiting === undefined ? undefined : `${waiting} > 20`,
    forSeconds: 5 * MINUTE,
    severity: 'warning',
    summary: '{{ $value }} requests wait in {{ $labels.instance }}',
    meaning: 'More than 20 requests have waited in one engine for 5 minutes.',
    causes: [
      'Load is beyond capacity.',
      'Requests stick to this engine for its cache while others are idle.',
      'The KV cache is full, so that nothing is admitted.',
    ],
    look: 'Compare the queues of all engines: all long is load, one long is routing or a slow engine.',
    action: 'Add engines, let load weigh more against affinity, or restart the slow engine.',
    tests: [expectation(name, 'long', at(40), [{ instance: 'engine-1', severity: 'warning' }]), expectation(name, 'short', at(10), [])],
  }
}
