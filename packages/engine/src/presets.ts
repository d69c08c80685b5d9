import type { EngineOptions } from './types.ts'

/**
 * Engines by name. Step times and block counts: `reference/vllm.md` §5.4 (BLIS fits, µs there, ms here). The context term is
 * the time to read a token's keys and values once: 128 KiB (8B) and 320 KiB (70B) over 3.35 TB/s a GPU.
 * Sequences and batch: vLLM's defaults by memory, §5.3.
 */
export const presets: ReadonlyMap<string, EngineOptions> = new Map<string, EngineOptions>([
  [
    'llama-3.1-8b',
    {
      model: 'meta-llama/Llama-3.1-8B-Instruct',
      stepModel: { baseMs: 5.753, prefillMsPerToken: 0.01725, decodeMsPerSequence: 0.006, contextMsPerToken: 0.000039 },
      blockTokens: 16,
      blocksTotal: 29_205,
      sequencesMax: 1024,
      batchTokensMax: 8192,
      contextTokensMax: 131_072,
      prefixCaching: true,
    },
  ],
  [
    'llama-3.3-70b',
    {
      model: 'meta-llama/Llama-3.3-70B-Instruct',
      stepModel: { baseMs: 12.601, prefillMsPerToken: 0.0764, decodeMsPerSequence: 0.0668, contextMsPerToken: 0.0000245 },
      blockTokens: 16,
      blocksTotal: 128_273,
      sequencesMax: 1024,
      batchTokensMax: 8192,
      contextTokensMax: 131_072,
      prefixCaching: true,
    },
  ],
  [
    // The A100 fit of the 8B model: half as many steps a second to carry, and a cache that a few conversations fill.
    'demo',
    {
      model: 'demo-8b',
      stepModel: { baseMs: 16.442, prefillMsPerToken: 0.0478, decodeMsPerSequence: 0.0182, contextMsPerToken: 0.000064 },
      blockTokens: 16,
      blocksTotal: 768,
      sequencesMax: 256,
      batchTokensMax: 2048,
      contextTokensMax: 8192,
      prefixCaching: true,
    },
  ],
])
