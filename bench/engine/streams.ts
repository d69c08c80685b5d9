import { connect } from 'node:net'

const CONTENT = 'data: {'
const END = 'data: [DONE]'

/** What `count` streams brought: events, and answers that were complete. */
export interface Streamed {
  readonly events: number
  readonly complete: number
}

/** Opens `count` streams of `tokens` tokens at once on bare sockets, and resolves when all have ended. */
export async function streams(port: number, count: number, tokens: number): Promise<Streamed> {
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => stream(port, index, tokens)))
  return { events: answers.reduce((sum, { events }) => sum + events, 0), complete: answers.filter(({ complete }) => complete).length }
}

function stream(port: number, index: number, tokens: number): Promise<{ events: number; complete: boolean }> {
  const body = JSON.stringify({
    model: 'bench',
    messages: [{ role: 'user', content: `Stream number ${index}: what is an interlocking table?` }],
    max_tokens: tokens,
    ignore_eos: true,
    stream: true,
  })
  return new Promise((resolve, reject) => {
    let events = 0
    let tail = ''
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      const part = tail + text
      events += part.split(CONTENT).length - 1
      if (part.includes(END)) {
        socket.destroy()
        resolve({ events, complete: true })
        return
      }
      // A marker may lie across two reads; what is kept must not hold one that was counted.
      const last = part.lastIndexOf(CONTENT)
      tail = part.slice(Math.max(last === -1 ? 0 : last + CONTENT.length, part.length - END.length))
    })
    socket.on('error', reject)
    socket.on('close', () => resolve({ events, complete: false }))
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  })
}
