import { linearSteps } from './step-models.ts'
import type { EngineOptions } from './types.ts'

/** A published engine: options that a caller may change, and where they are from. */
export interface Profile {
  readonly id: string
  /** What it is, for people. */
  readonly title: string
  /** Where its numbers are from, and what was fitted to what. */
  readonly source: string
  readonly options: EngineOptions
}

const BLIS = 'BLIS (inference-sim coefficients.yaml)'

/**
 * Engines by id. Step times and block counts: `reference/vllm.md` §5.4 (µs there, ms here). Sequences and batch: vLLM's defaults by
 * memory, §5.3; so are the bytes of a token's keys and values. The load of an adapter is assumed: one of rank 32 (84 MB for 8B,
 * 414 MB for 70B in 16 bits) from disk at 2 GB/s. How far the step times are off: the README.
 */
export const profiles: ReadonlyMap<string, Profile> = new Map(
  (
    [
      {
        id: '8b-h100',
        title: 'Llama 3.1 8B on one H100',
        source: `${BLIS}; the context term is 128 KiB a token over 3.35 TB/s; all of it published, nothing fitted here`,
        options: {
          model: 'meta-llama/Llama-3.1-8B-Instruct',
          kvBytesPerToken: 131_072,
          stepModel: linearSteps({ baseMs: 5.753, prefillMsPerToken: 0.01725, decodeMsPerSequence: 0.006, contextMsPerToken: 0.000039 }),
          blockTokens: 16,
          blocksTotal: 29_205,
          sequencesMax: 1024,
          batchTokensMax: 8192,
          contextTokensMax: 131_072,
          prefixCaching: true,
          adapterLoadMs: 42,
        },
      },
      {
        id: '8b-a100',
        title: 'Llama 3.1 8B on one A100 with 80 GB',
        source: `${BLIS}, which has no block count: that of the H100 with as much memory; the context term is 128 KiB a token over 2.04 TB/s`,
        options: {
          model: 'meta-llama/Llama-3.1-8B-Instruct',
          kvBytesPerToken: 131_072,
          stepModel: linearSteps({ baseMs: 16.442, prefillMsPerToken: 0.0478, decodeMsPerSequence: 0.0182, contextMsPerToken: 0.000064 }),
          blockTokens: 16,
          blocksTotal: 29_205,
          sequencesMax: 256,
          batchTokensMax: 2048,
          contextTokensMax: 131_072,
          prefixCaching: true,
          adapterLoadMs: 42,
        },
      },
      {
        id: '70b-h100',
        title: 'Llama 3.3 70B on four H100',
        source: `${BLIS}; the context term is 320 KiB a token over 4 times 3.35 TB/s; all of it published, nothing fitted here`,
        options: {
          model: 'meta-llama/Llama-3.3-70B-Instruct',
          kvBytesPerToken: 327_680,
          stepModel: linearSteps({ baseMs: 12.601, prefillMsPerToken: 0.0764, decodeMsPerSequence: 0.0668, contextMsPerToken: 0.0000245 }),
          blockTokens: 16,
          blocksTotal: 128_273,
          sequencesMax: 1024,
          batchTokensMax: 8192,
          contextTokensMax: 131_072,
          prefixCaching: true,
          adapterLoadMs: 207,
        },
      },
      {
        id: 'cpu',
        title: 'A small model on a CPU, a toy',
        source: 'invented: 40 tokens a second for one stream, 500 prompt tokens a second',
        options: {
          model: 'toy-1b',
          stepModel: linearSteps({ baseMs: 20, prefillMsPerToken: 2, decodeMsPerSequence: 5, contextMsPerToken: 0.001 }),
          blockTokens: 16,
          blocksTotal: 512,
          sequencesMax: 16,
          batchTokensMax: 512,
          contextTokensMax: 4096,
          prefixCaching: true,
          adapterLoadMs: 42,
        },
      },
      {
        id: 'demo',
        title: 'The 8B on an A100 with a cache that a few conversations fill',
        source: `${BLIS} of the A100; cache, context and batch are invented`,
        options: {
          model: 'demo-8b',
          kvBytesPerToken: 131_072,
          stepModel: linearSteps({ baseMs: 16.442, prefillMsPerToken: 0.0478, decodeMsPerSequence: 0.0182, contextMsPerToken: 0.000064 }),
          blockTokens: 16,
          blocksTotal: 768,
          sequencesMax: 256,
          batchTokensMax: 2048,
          contextTokensMax: 8192,
          prefixCaching: true,
          adapterLoadMs: 42,
        },
      },
    ] satisfies readonly Profile[]
  ).map((profile) => [profile.id, profile]),
)
