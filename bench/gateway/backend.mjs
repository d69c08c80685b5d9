// The instant backend of the gateway benchmark: bare sockets, answers prebuilt, so that what is measured is the proxy.
// Prints its port. Streams 100 events, one every 20 ms, each a write of its own.
import { createServer } from 'node:net'

const EVENTS = 100
const EVENT_GAP_MS = 20

const answer = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'bench',
  choices: [{ index: 0, message: { role: 'assistant', content: 'word '.repeat(60) }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 20, completion_tokens: 60, total_tokens: 80, prompt_tokens_details: { cached_tokens: 16 } },
})
const json = (body, type = 'application/json') =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
const chunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const event = (body) => Buffer.from(chunk(`data: ${JSON.stringify(body)}\n\n`))
const delta = (choice) => event({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'bench', choices: [choice] })

const whole = Buffer.from(json(answer))
const streamHead = Buffer.from('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n')
const streamEvent = delta({ index: 0, delta: { content: ' word' }, finish_reason: null })
const streamEnd = Buffer.concat([
  delta({ index: 0, delta: {}, finish_reason: 'stop' }),
  event({
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'bench',
    choices: [],
    usage: { prompt_tokens: 20, completion_tokens: 100, total_tokens: 120 },
  }),
  Buffer.from(chunk('data: [DONE]\n\n')),
  Buffer.from('0\r\n\r\n'),
])
const metrics = Buffer.from(
  json(
    'vllm:num_requests_running{engine="0",model_name="bench"} 0\nvllm:num_requests_waiting{engine="0",model_name="bench"} 0\nvllm:kv_cache_usage_perc{engine="0",model_name="bench"} 0\n',
    'text/plain',
  ),
)
const models = Buffer.from(json(JSON.stringify({ object: 'list', data: [{ id: 'bench', object: 'model' }] })))

/** All streams share one ticker: a timer each would be measured instead of the proxy. */
const streams = new Set()
setInterval(() => {
  for (const stream of streams) {
    stream.left -= 1
    stream.socket.write(stream.left > 0 ? streamEvent : streamEnd)
    if (stream.left <= 0) streams.delete(stream)
  }
}, EVENT_GAP_MS)

const server = createServer((socket) => {
  socket.setNoDelay(true)
  let pending = Buffer.alloc(0)
  socket.on('error', () => undefined)
  socket.on('data', (bytes) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
    for (;;) {
      const headEnd = pending.indexOf('\r\n\r\n')
      if (headEnd < 0) return
      const head = pending.latin1Slice(0, headEnd)
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      if (pending.length < headEnd + 4 + length) return
      const body = pending.latin1Slice(headEnd + 4, headEnd + 4 + length)
      pending = pending.subarray(headEnd + 4 + length)
      if (head.startsWith('GET /metrics')) socket.write(metrics)
      else if (head.startsWith('GET ')) socket.write(models)
      else if (/"stream": *true/.test(body)) {
        socket.write(streamHead)
        streams.add({ socket, left: EVENTS })
      } else socket.write(whole)
    }
  })
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
