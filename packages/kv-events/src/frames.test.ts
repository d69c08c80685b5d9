import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { liveFrames, parseLive, parseReplayed, parseReplayRequest, replayEnd, replayFrames, replayRequest } from './frames.ts'
import { parseTopic, topicOf } from './topic.ts'

const payload = Uint8Array.of(0x93)
const message = (result: { ok: boolean; error?: { message: string } }) => (result.ok ? 'no problem' : result.error?.message)

describe('frames', () => {
  it('are topic, sequence number and payload', () => {
    expect(liveFrames({ topic: 'kv@a@m', sequence: 258, payload })).toEqual([
      new TextEncoder().encode('kv@a@m'),
      Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 2),
      payload,
    ])
  })

  it('of a replay have an empty one for a topic, and end with -1', () => {
    expect(replayRequest(1)).toEqual([new Uint8Array(0), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1)])
    expect(replayFrames({ sequence: 1, payload })).toEqual([new Uint8Array(0), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1), payload])
    expect(replayEnd()).toEqual([new Uint8Array(0), new Uint8Array(8).fill(0xff), new Uint8Array(0)])
  })

  it('come back as they went', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30, unit: 'grapheme' }), fc.maxSafeNat(), fc.uint8Array(), (topic, sequence, bytes) => {
        expect(parseLive(liveFrames({ topic, sequence, payload: bytes }))).toEqual({ ok: true, value: { topic, sequence, payload: bytes } })
        expect(parseReplayed(replayFrames({ sequence, payload: bytes }))).toEqual({ ok: true, value: { sequence, payload: bytes } })
        expect(parseReplayRequest(replayRequest(sequence))).toEqual({ ok: true, value: sequence })
      }),
    )
    expect(parseReplayed(replayEnd())).toEqual({ ok: true, value: 'end' })
  })

  it('of replays are read with the empty one, with a topic, with both and with neither', () => {
    const [empty, sequence] = replayRequest(9) as [Uint8Array, Uint8Array]
    const topic = new TextEncoder().encode('kv@a@m')
    for (const frames of [
      [sequence, payload],
      [empty, sequence, payload],
      [topic, sequence, payload],
      [empty, topic, sequence, payload],
    ]) {
      expect(parseReplayed(frames)).toEqual({ ok: true, value: { sequence: 9, payload } })
    }
    expect(parseReplayRequest([sequence])).toEqual({ ok: true, value: 9 })
  })

  it('that are none say why', () => {
    const eight = new Uint8Array(8)
    const end = new Uint8Array(8).fill(0xff)
    const huge = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0)
    expect(message(parseLive([eight, payload]))).toBe('a message has topic, sequence number and payload; this one has 2 frames')
    expect(message(parseLive([payload, payload, payload]))).toBe('a sequence number has 8 bytes; this one has 1')
    expect(message(parseLive([payload, huge, payload]))).toBe('the sequence number 9223372036854775808 is beyond 2^53')
    expect(message(parseLive([payload, end, payload]))).toBe("the mark of a replay's end came as a message")
    expect(message(parseLive([new Uint8Array(4097), eight, payload]))).toBe('the topic has 4097 bytes, 4096 are allowed')
    expect(message(parseReplayed([eight]))).toBe('a replayed message has sequence number and payload; this one has 1 frames')
    expect(message(parseReplayRequest([eight, eight]))).toBe('a replay is asked for with an empty frame and a sequence number')
    expect(message(parseReplayRequest([]))).toBe('a replay is asked for with an empty frame and a sequence number')
    expect(message(parseReplayRequest([end]))).toBe('no replay begins at the mark of its end')
  })
})

describe('topics', () => {
  it('name pod and model', () => {
    expect(topicOf({ pod: '10.0.0.7:8000', model: 'org/name@v1' })).toBe('kv@10.0.0.7:8000@org/name@v1')
    expect(parseTopic('kv@10.0.0.7:8000@org/name@v1')).toEqual({ pod: '10.0.0.7:8000', model: 'org/name@v1' })
  })

  it.each(['', 'kv@', 'kv@@m', 'kv@pod', 'kv@pod@', 'KV@pod@m'])('%j is of another kind', (topic) => {
    expect(parseTopic(topic)).toBeUndefined()
  })
})
