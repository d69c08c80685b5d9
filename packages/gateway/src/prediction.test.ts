import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { profiles } from '@signalbox/engine'
import { loadTokenizer } from '@signalbox/tokenizers'
import { describe, expect, it } from 'vitest'
import { arrivalOf, type RecordedRequest, readConversations, withTools } from '../../../bench/prediction/conversations.ts'
import { runFleet } from '../../../bench/prediction/fleet.ts'
import { errorReport } from '../../../bench/prediction/statistics.ts'

const folder = join(import.meta.dirname, '../../../../shared/traces/agents')

/** The study's measure (docs/prediction.md) on the whole of the recordings: a few seconds. */
describe.skipIf(!existsSync(folder))('predicted cached tokens of recorded conversations (../shared/traces/agents; skipped where missing)', () => {
  async function report(requests: readonly RecordedRequest[], endpoints: number) {
    const tokenizer = await loadTokenizer('gpt-oss')
    const engine = profiles.get('8b-h100')?.options
    if (engine === undefined) throw new Error('no such profile')
    const arrivals = requests.map((request) => arrivalOf(request, 'compact', tokenizer))
    return errorReport(runFleet(arrivals, { endpoints, engine, timing: 'recorded' }))
  }

  it('are right within 64 tokens for nineteen requests in twenty, and the tokens to compute within 75 on average', async () => {
    for (const endpoints of [1, 4]) {
      const { requests, within64TokensRatio, withinFivePercentRatio, uncachedMeanAbsoluteTokens } = await report(readConversations(folder), endpoints)
      expect(requests).toBeGreaterThan(700)
      expect(within64TokensRatio).toBeGreaterThan(0.95)
      expect(withinFivePercentRatio).toBeGreaterThan(0.55)
      expect(uncachedMeanAbsoluteTokens).toBeLessThan(75)
    }
  })

  it('are right within 5 % of the prompt for nineteen requests in twenty where conversations declare tools', async () => {
    const { withinFivePercentRatio, tokens } = await report(withTools(readConversations(folder)), 1)
    expect(withinFivePercentRatio).toBeGreaterThan(0.95)
    expect(Math.abs(tokens.mean)).toBeLessThan(60)
  })
})
