/** Bucket sets by owner. Sources: `reference/vllm.md` §1.4, `reference/epp.md` §1.1 (read in their code). */

const oneTwoFive = (max: number): number[] => {
  const bounds: number[] = []
  for (let power = 1; power <= max; power *= 10) for (const digit of [1, 2, 5]) if (digit * power <= max) bounds.push(digit * power)
  return bounds
}

const powersOfTwo = (from: number, to: number): number[] => {
  const bounds: number[] = []
  for (let bound = from; bound <= to; bound *= 2) bounds.push(bound)
  return bounds
}

export const vllmBuckets = {
  ttft: [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560],
  itl: [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80],
  latency: [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680],
  tokens: oneTwoFive(100_000),
  iteration: [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384],
  few: [1, 2, 5, 10, 20],
  preemptions: [1, 2, 3, 4, 5, 10, 20],
  residency: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800],
  transferTime: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 5],
  transferBytes: powersOfTwo(2048, 2 ** 33).filter((_, at) => at % 2 === 0),
  transferPost: [0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 5],
  transferDescriptors: [10, 20, 30, 50, 75, 100, 200, 400, 1000, 2000, 4000, 10000, 20000, 50000],
  offloadBytes: [1e6, 5e6, 1e7, 2e7, 4e7, 6e7, 8e7, 1e8, 1.5e8, 2e8],
} as const

/** The layouts of vLLM's first engine, shorter than today's. Source: `reference/vllm.md` §1.7. */
export const vllmV0Buckets = {
  ttft: vllmBuckets.ttft.filter((bound) => bound <= 10),
  tpot: vllmBuckets.itl.filter((bound) => bound <= 2.5),
  latency: vllmBuckets.latency.filter((bound) => bound <= 60),
} as const

const sglangTtft = [0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400]

/** Source: `reference/vllm.md` §1.10; the bounds between its ends, sglang's metrics collector. */
export const sglangBuckets = {
  ttft: sglangTtft,
  itl: [0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.06, 0.08, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8],
  e2e: [...sglangTtft, 600, 1200, 1800, 2400],
  queue: [
    0, 0.1, 0.2, 0.5, 1, 2, 3, 4, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1200, 1400, 1600,
    1800, 2000, 2500, 3000,
  ],
  transferSpeed: [0.1, 0.5, 1, 5, 10, 25, 50, 100, 200, 400],
  transferTime: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000],
  retractions: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 75, 100],
} as const

/** Source: TensorRT-LLM's metrics collector; the others of its layouts are vLLM's. */
export const trtllmBuckets = {
  prefill: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 640, 2560],
} as const

/** Milliseconds unless the name says otherwise. Source: `reference/llumnix.md` §0. */
export const llumnixBuckets = {
  e2eSeconds: [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 90, 120, 180, 240, 300],
  ttft: [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 30000, 60000],
  token: [1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500],
  tokens: [1, 4, 16, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072],
  stage: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100],
  queue: [1, 5, 10, 50, 100, 200, 500, 1000, 2000, 5000],
  percent: [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
  ratio: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  batch: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
} as const

const general = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200,
  1800, 2700, 3600,
]

export const eppBuckets = {
  general,
  ttft: general.filter((bound) => bound <= 120),
  tpot: [0.0005, 0.00205, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 2],
  itl: [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2],
  ntpot: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
  scheduling: [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
  requestBytes: powersOfTwo(64, 1_073_741_824),
  // 32778 is the original's slip of the pen; exact names and bounds are the point of a dialect.
  responseBytes: [1, ...powersOfTwo(8, 16384), 32778, 65536],
  inputTokens: [1, ...powersOfTwo(8, 16384), 32778, ...powersOfTwo(65536, 1_048_576)],
  outputTokens: [1, ...powersOfTwo(8, 8192)],
  ratio: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  hitBytes: [0, ...powersOfTwo(16, 65536)],
  requestProcessing: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  responseProcessing: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  flowQueue: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  revocation: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  stream: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600],
  prediction: [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
  tpotLong: [
    0.0005, 0.00205, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3, 4.5, 6, 12, 18, 24, 30, 36,
    48, 60, 90, 120, 180, 270, 360,
  ],
  /** client_golang's default layout. */
  client: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
} as const

/**
 * What the histograms that objectives are read from begin with, before the objectives join them: some of the endpoint
 * picker's bounds, so that they cost no storage.
 */
export const objectiveBuckets = {
  ttft: [0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 15, 30, 60],
  tpot: [0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.4, 0.8],
} as const
