import { seededRandom } from '@signalbox/base'
import { loadTokenizer } from '@signalbox/tokenizers'
import { describe, expect, it } from 'vitest'
import { cannedTexts } from './canned-texts.ts'
import { dataSetTexts } from './data-set-texts.ts'
import { echoTexts } from './echo-texts.ts'
import { naturalOutputTokens } from './output-length.ts'

const asked = { seed: 7, question: 'Which line?' }

function textsOf(...lines: string[]) {
  const texts = dataSetTexts(lines.join('\n'), 'answers.jsonl')
  if (!texts.ok) throw new Error(texts.error)
  return texts.value
}

describe('texts', () => {
  it.each([['canned', cannedTexts] as const, ['echo', echoTexts] as const])('of %s begin alike, however much is demanded', (_name, texts) => {
    const short = texts.answer(asked, 10).text
    const long = texts.answer(asked, 500).text
    expect(short.length).toBeGreaterThanOrEqual(10)
    expect(long.length).toBeGreaterThanOrEqual(500)
    expect(long.startsWith(short)).toBe(true)
  })

  it('of our own have a word or a full stop a token, and read back as the tokens that they were', async () => {
    const tokenizer = await loadTokenizer('pieces')
    const tokens = tokenizer.encode(cannedTexts.answer(asked, 2000).text)
    expect(tokens.length).toBeGreaterThan(300)
    for (const length of [1, 12, 13, 299]) {
      const first = tokens.subarray(0, length)
      expect([...tokenizer.encode(tokenizer.decode(first))]).toEqual([...first])
    }
  })

  it('echo the question once, and something where there is none', () => {
    expect(echoTexts.answer(asked, 1)).toEqual({ text: 'Which line?', end: 11 })
    expect(echoTexts.answer({ ...asked, question: '' }, 1).text).not.toBe('')
  })

  it('of a file answer the questions that it has, and any other by its hash', () => {
    const texts = textsOf(
      '{"prompt": "Which line?", "output": "The north line."}',
      '',
      '{"output": "No prompt."}',
      '{"conversations": [{"from": "human", "value": "And now?"}, {"from": "gpt", "value": "Wait."}, {"from": "human", "value": "Why?"}, {"from": "gpt", "value": "Fog."}]}',
    )
    const answer = (question: string, seed = 0) => texts.answer({ seed, question }, 1)
    expect([answer('Which line?', 3).text, answer('Why?').text, answer('And now?').end]).toEqual(['The north line.', 'Fog.', 5])
    expect([0, 1, 2, 3].map((seed) => answer('Other', seed).text)).toEqual(['The north line.', 'No prompt.', 'Wait.', 'Fog.'])
  })

  it.each([
    ['nonsense', /line 2: not JSON/],
    ['[1]', /line 2: is to be a JSON object/],
    ['{"output": 3}', /line 2: output is to be a text/],
    ['{"output": "a", "prompt": 3}', /line 2: prompt is to be a text/],
    ['{"conversations": [{"from": "gpt"}]}', /line 2: conversations\[0\] is to have from and value/],
  ])('of a file with a line %s are refused by its number', (line, message) => {
    const texts = dataSetTexts(`{"output": "a"}\n${line}\n`, 'answers.jsonl')
    expect(texts.ok ? '' : texts.error).toMatch(message)
    expect(texts.ok ? '' : texts.error).toMatch(/^answers.jsonl/)
  })

  it('of an empty file are refused', () => {
    expect(dataSetTexts('\n', 'answers.jsonl')).toMatchObject({ ok: false, error: expect.stringContaining('no answers') })
  })

  it('have natural lengths of the mean that was asked for', () => {
    const random = seededRandom(5)
    const lengths = Array.from({ length: 5000 }, () => naturalOutputTokens(random, 100))
    expect(Math.min(...lengths)).toBeGreaterThan(0)
    expect(Math.abs(lengths.reduce((sum, length) => sum + length, 0) / 5000 - 100)).toBeLessThan(4)
  })
})
