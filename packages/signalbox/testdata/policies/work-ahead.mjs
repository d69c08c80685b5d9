// The endpoint that computes the first token soonest, by its rate: what waits there, and what of the prompt is not cached there.
export const policy = {
  type: 'work-ahead',
  stability: 'alpha',
  description: 'The endpoint with the least prompt work ahead of the first token.',
  terms: [{ id: 'work', label: 'work ahead', unit: 'seconds', group: 'order', description: 'Uncached tokens waiting and own, over the prefill rate' }],
  create(parameters) {
    if (parameters !== undefined) throw new Error('work-ahead takes no parameters')
    return {
      score(evidence, terms) {
        for (let row = 0; row < evidence.rows; row += 1) {
          const uncached = evidence.promptTokens(row) - evidence.cachedTokens(row)
          terms.set(row, 0, (evidence.reservedTokens(row) + uncached) / evidence.prefillTokensPerSecond(row))
        }
      },
    }
  },
}
