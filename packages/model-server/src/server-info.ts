import type { EngineRole, ServerState } from './server-state.ts'

/** By vLLM's name of it. */
const KV_ROLES: Readonly<Record<EngineRole, string>> = { both: 'kv_both', prefill: 'kv_producer', decode: 'kv_consumer' }

/** What the server is, under vLLM's names of its configuration: that part of it which the engine really has. */
export function serverInfo({ life, role }: ServerState): object {
  const { engine } = life
  const { options } = engine
  return {
    model_config: { model: options.model, max_model_len: engine.contextTokensMax },
    cache_config: {
      block_size: options.blockTokens,
      num_gpu_blocks: options.blocksTotal,
      enable_prefix_caching: options.prefixCaching,
    },
    scheduler_config: {
      policy: options.scheduling ?? 'fcfs',
      max_num_seqs: options.sequencesMax,
      max_num_batched_tokens: options.batchTokensMax,
      enable_chunked_prefill: options.chunkedPrefill ?? true,
      long_prefill_token_threshold: options.longPrefillTokensMax ?? 0,
    },
    lora_config: { max_loras: options.adapterSlots ?? 1 },
    kv_transfer_config: options.kvTransfer === undefined ? null : { kv_connector: 'NixlConnector', kv_role: KV_ROLES[role] },
  }
}
