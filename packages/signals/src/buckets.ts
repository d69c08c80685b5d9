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
} as const
