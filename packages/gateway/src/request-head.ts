/** Fields of one connection, never passed on (RFC 9110 §7.6.1), and those the gateway sets itself. */
const droppedOfRequests: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'content-length',
  'x-request-id',
  // A compressed answer could not be watched.
  'accept-encoding',
])

const droppedOfAnswers: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'date',
  'content-length',
  'x-request-id',
])

const requestIdBytesMax = 128

/** Whether a client's `x-request-id` can be adopted: 1 to 128 visible ASCII characters. */
export function isSaneRequestId(id: string): boolean {
  if (id.length === 0 || id.length > requestIdBytesMax) return false
  for (let i = 0; i < id.length; i++) {
    const c = id.charCodeAt(i)
    if (c < 0x21 || c > 0x7e) return false
  }
  return true
}

/** The fields to send to an engine, names and values in turn. */
export function upstreamHeaders(rawHeaders: readonly string[], requestId: string): string[] {
  const headers = kept(rawHeaders, droppedOfRequests)
  headers.push('x-request-id', requestId)
  return headers
}

/** The fields to send to the client, names and values in turn, without `content-length`. */
export function downstreamHeaders(rawHeaders: readonly string[], requestId: string): string[] {
  const headers = kept(rawHeaders, droppedOfAnswers)
  headers.push('x-request-id', requestId)
  return headers
}

/** The first value of a field (lower-case `name`) in names and values in turn, undefined when absent. */
export function headerValue(rawHeaders: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i] as string
    if (candidate.length === name.length && candidate.toLowerCase() === name) return rawHeaders[i + 1]
  }
  return undefined
}

/**
 * What Node's parser lets through and a proxy must not: more than one Host (two readers could disagree on the target), a
 * transfer coding other than chunked, a target in absolute form. Undefined when the head is sound.
 */
export function headFault(target: string, rawHeaders: readonly string[]): string | undefined {
  if (target.charCodeAt(0) !== 0x2f) return 'the request target must begin with a slash'
  let hosts = 0
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1
    else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding' && (rawHeaders[i + 1] as string).toLowerCase() !== 'chunked') {
      return 'the only transfer coding understood is chunked'
    }
  }
  return hosts > 1 ? 'more than one Host header' : undefined
}

function kept(rawHeaders: readonly string[], dropped: ReadonlySet<string>): string[] {
  const named = connectionOptions(rawHeaders)
  const headers: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (dropped.has(name) || named?.includes(name)) continue
    headers.push(rawHeaders[i] as string, rawHeaders[i + 1] as string)
  }
  return headers
}

/** Further fields that `connection` names as belonging to the connection; undefined in the usual case of none. */
function connectionOptions(rawHeaders: readonly string[]): string[] | undefined {
  const value = headerValue(rawHeaders, 'connection')?.toLowerCase()
  if (value === undefined || value === 'keep-alive' || value === 'close') return undefined
  return value.split(',').map((option) => option.trim())
}
