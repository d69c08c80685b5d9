import type { ComponentChildren } from 'preact'
import type { FetchFailure } from '../query/fetched.ts'
import type { LiveState } from '../query/live-query.ts'

/** An empty, partial or broken part, in words. */
export function Message({ title, children, tone = 'quiet' }: { title: string; children?: ComponentChildren; tone?: 'quiet' | 'problem' }) {
  return (
    <div class={`message message-${tone}`}>
      <p class="message-title">{title}</p>
      {children}
    </div>
  )
}

/** What a failed request says, and that it is tried again. */
export function Failure({ failure, failures }: { failure: FetchFailure; failures: number }) {
  return (
    <p class="failure">
      {sentence(failure.message)}
      {failures > 1 ? ` Reconnecting (attempt ${failures}).` : ' Trying again.'}
    </p>
  )
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}

/** A part while its first data are under way, or when they did not come; undefined once there are some. */
export function notYet(state: LiveState<unknown>, what: string) {
  if (state.data !== undefined) return undefined
  if (state.error === undefined) return <div class="skeleton">Loading {what}.</div>
  return (
    <Message tone="problem" title={`${what.charAt(0).toUpperCase()}${what.slice(1)} could not be loaded`}>
      <Failure failure={state.error} failures={state.failures} />
    </Message>
  )
}
