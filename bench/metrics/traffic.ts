/** What the benchmarks record: requests of 5 models, 2 priorities and 10 tenants, drawn once so that both sides see the same. */
export interface BenchRequest {
  readonly model: string
  readonly tenant: string
  readonly priority: string
  readonly endpoint: string
  readonly durationS: number
  readonly ttftS: number
  readonly tpotS: number
  readonly gapsS: readonly [number, number, number]
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
  readonly requestBytes: number
  readonly responseBytes: number
  readonly scheduleS: number
  readonly hitRatio: number
}

const MODELS = ['llama-3.1-8b', 'llama-3.3-70b', 'qwen2.5-32b', 'mistral-small', 'deepseek-r1']

/** Every combination of model, priority and tenant in turn, `count` requests; the same for the same count. */
export function drawTraffic(count: number): readonly BenchRequest[] {
  let state = 1
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const spread = (least: number, most: number): number => least * (most / least) ** random()
  return Array.from({ length: count }, (_, i) => {
    const outputTokens = Math.ceil(spread(1, 2_000))
    const ttftS = spread(0.01, 10)
    const tpotS = spread(0.005, 0.1)
    return {
      // Strings of their own, as those cut out of a request are.
      model: fresh(MODELS[i % 5] as string),
      tenant: fresh(`tenant-${Math.floor(i / 10) % 10}`),
      priority: fresh(String(Math.floor(i / 5) % 2)),
      endpoint: fresh(`engine-${i % 8}`),
      durationS: ttftS + tpotS * outputTokens,
      ttftS,
      tpotS,
      gapsS: [spread(0.005, 0.1), spread(0.005, 0.1), spread(0.005, 0.1)],
      inputTokens: Math.ceil(spread(10, 100_000)),
      outputTokens,
      cachedTokens: Math.ceil(spread(1, 50_000)),
      requestBytes: Math.ceil(spread(100, 400_000)),
      responseBytes: Math.ceil(spread(100, 400_000)),
      scheduleS: spread(0.00002, 0.002),
      hitRatio: random(),
    }
  })
}

function fresh(text: string): string {
  return Buffer.from(text).toString('latin1')
}
