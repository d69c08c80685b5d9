import type { DecisionStatus, EndpointView } from '../api-types.ts'
import { type Aspect, AspectIcon } from './icon.tsx'

/** Icon and word. */
function Status({ aspect, word, title }: { aspect: Aspect; word: string; title?: string | undefined }) {
  return (
    <span class={`status status-${aspect}`} title={title}>
      <AspectIcon aspect={aspect} />
      <span>{word}</span>
    </span>
  )
}

const endpointStates: Readonly<Record<EndpointView['state'], readonly [Aspect, string]>> = {
  ready: ['ok', 'ready'],
  stale: ['unknown', 'stale'],
  'held-out': ['critical', 'held out'],
  unknown: ['unknown', 'unknown'],
}

/** The state of an endpoint. */
export function EndpointStatus({ endpoint }: { endpoint: EndpointView }) {
  const [aspect, word] = endpointStates[endpoint.state]
  return <Status aspect={aspect} word={word} title={endpoint.reason ?? undefined} />
}

const decisionStates: Readonly<Record<DecisionStatus, readonly [Aspect, string]>> = {
  running: ['running', 'running'],
  ok: ['ok', 'ok'],
  error: ['critical', 'error'],
  rejected: ['warning', 'rejected'],
  cancelled: ['cancelled', 'cancelled'],
}

/** How a request ended, with its HTTP status where that says more. */
export function RequestStatus({ status, httpStatus }: { status: DecisionStatus; httpStatus: number | null }) {
  const [aspect, word] = decisionStates[status]
  const code = httpStatus !== null && httpStatus !== 200 ? ` ${httpStatus}` : ''
  return <Status aspect={aspect} word={`${word}${code}`} />
}

/** A value that is not known: drawn hatched, in words, never as 0. */
export function Unknown({ why, word = 'unknown' }: { why?: string | undefined; word?: string | undefined }) {
  return (
    <span class="unknown" title={why}>
      {word}
    </span>
  )
}
