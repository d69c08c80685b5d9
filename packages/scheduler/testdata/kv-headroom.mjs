export const policy = {
  type: 'kv-headroom',
  stability: 'alpha',
  description: 'The engine with the most of its KV cache free; one whose state is stale counts as full.',
  terms: [{ id: 'used', label: 'KV in use', unit: 'none', group: 'order', description: 'Share of the KV cache in use' }],
  create(parameters) {
    if (parameters !== undefined) throw new Error('kv-headroom takes no parameters')
    return {
      score(evidence, terms) {
        for (let row = 0; row < evidence.rows; row += 1) terms.set(row, 0, evidence.fresh(row) ? evidence.kvUsageRatio(row) : 1)
      },
    }
  },
}
