import { connect, type Socket } from 'node:net'

/** One keep-alive connection of the load generator: bare sockets, one request at a time, whole answers only. */
class Connection {
  readonly #socket: Socket
  #wait: { resolve(status: number): void; reject(error: Error): void } | undefined
  #head = ''
  /** Bytes of body still to come; -1: chunked, until the last chunk. */
  #left = 0
  #inBody = false
  #tail = ''
  #status = 0

  constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => this.#data(text))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('the proxy closed the connection')))
  }

  /** Sends a prepared request; answers the status when the whole answer is in. */
  send(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#wait = { resolve, reject }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#wait = undefined
    this.#socket.destroy()
  }

  #fail(error: Error): void {
    this.#wait?.reject(error)
    this.#wait = undefined
  }

  #data(text: string): void {
    let body = text
    if (!this.#inBody) {
      this.#head += text
      const end = this.#head.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = this.#head.slice(0, end)
      body = this.#head.slice(end + 4)
      this.#head = ''
      this.#status = Number(head.slice(9, 12))
      const length = /content-length: *(\d+)/i.exec(head)?.[1]
      this.#left = length === undefined ? -1 : Number(length)
      this.#inBody = true
      this.#tail = ''
    }
    if (this.#left >= 0) {
      this.#left -= body.length
      if (this.#left > 0) return
    } else {
      this.#tail = (this.#tail + body).slice(-16)
      if (!this.#tail.endsWith('0\r\n\r\n')) return
    }
    this.#inBody = false
    const wait = this.#wait
    this.#wait = undefined
    wait?.resolve(this.#status)
  }
}

/** A chat request as bytes. */
export function chatRequest(stream: boolean): Buffer {
  const content = 'Explain in two sentences what an interlocking table is, for somebody who has never seen one. '.repeat(4)
  const body = JSON.stringify({
    model: 'bench',
    messages: [{ role: 'user', content }],
    max_tokens: 100,
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  })
  return Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

/** Keeps `connections` requests going until `untilMs` (performance.now); answers how many succeeded and failed. */
export async function closedLoop(port: number, connections: number, request: Buffer, untilMs: number): Promise<{ done: number; failed: number }> {
  let done = 0
  let failed = 0
  const one = async (): Promise<void> => {
    const connection = new Connection(port)
    while (performance.now() < untilMs) {
      if ((await connection.send(request)) === 200) done += 1
      else failed += 1
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: connections }, one))
  return { done, failed }
}

/** Latencies in ms of `count` requests sent one after the other. */
export async function sequential(port: number, count: number, request: Buffer): Promise<Float64Array> {
  const connection = new Connection(port)
  const latencies = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const began = performance.now()
    await connection.send(request)
    latencies[i] = performance.now() - began
  }
  connection.close()
  return latencies
}
