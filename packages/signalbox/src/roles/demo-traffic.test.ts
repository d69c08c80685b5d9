import { seededRandom } from '@signalbox/base'
import { describe, expect, it } from 'vitest'
import { Conversations } from './conversations.ts'
import { textOf } from './demo-traffic.ts'

describe('a conversation', () => {
  it('grows by the answer and the next question, so that prompts share prefixes', () => {
    const conversations = new Conversations(seededRandom(1), 1)
    const first = conversations.next()
    expect(first?.messages.map((message) => message.role)).toEqual(['system', 'user'])
    expect(conversations.next()).toBeUndefined()
    first?.answered('An answer.')
    const second = conversations.next()
    expect(second?.messages.slice(0, 2)).toEqual(first?.messages)
    expect(second?.messages[2]).toEqual({ role: 'assistant', content: 'An answer.' })
  })

  it('begins anew after six turns, or when there was no answer', () => {
    const conversations = new Conversations(seededRandom(1), 1)
    for (let turn = 0; turn < 6; turn++) {
      const next = conversations.next()
      expect(next?.messages).toHaveLength(2 + 2 * turn)
      next?.answered('An answer.')
    }
    const fresh = conversations.next()
    expect(fresh?.messages).toHaveLength(2)
    fresh?.answered(undefined)
    expect(conversations.next()?.messages).toHaveLength(2)
  })
})

describe('the text of an answer', () => {
  it('is the content of one JSON answer, or the joined deltas of a stream', () => {
    expect(textOf('{"choices":[{"message":{"content":"Good morning"}}]}', false)).toBe('Good morning')
    const events = ['Good', ' morning'].map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
    expect(textOf(`${events.join('')}data: [DONE]\n\n`, true)).toBe('Good morning')
  })

  it('is nothing where the answer is no JSON or says nothing', () => {
    expect(textOf('<html>', false)).toBeUndefined()
    expect(textOf('data: [DONE]\n\n', true)).toBeUndefined()
    expect(textOf('data: {"choices":[', true)).toBeUndefined()
  })
})
