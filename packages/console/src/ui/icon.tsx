/** What a lamp or arm can say. Each has its own shape: colour is never the only difference. */
export type Aspect = 'ok' | 'warning' | 'critical' | 'unknown' | 'running' | 'cancelled'

/**
 * A semaphore signal, as beside a railway line: arm raised is clear, arm at caution has a notch, arm level is danger; a
 * crossed-out arm says that the signal says nothing. Decorative: a word always stands beside it.
 */
export function AspectIcon({ aspect }: { aspect: Aspect }) {
  return (
    <svg class={`icon aspect-${aspect}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <title>{aspect}</title>
      {shapes[aspect]}
    </svg>
  )
}

const post = <path class="post" d="M4 2v12M2 14h4" />

const shapes = {
  ok: (
    <>
      {post}
      <path class="arm" d="M4 8.2 12.6 2.2l1.5 2.2L5.5 10.4z" />
    </>
  ),
  warning: (
    <>
      {post}
      <path class="arm" d="M4 5.2h10.5L12.6 7l1.9 1.8H4z" />
    </>
  ),
  critical: (
    <>
      {post}
      <path class="arm" d="M4 3.4h11v3.4H4z" />
      <path class="hole" d="M6 9.2l4 4M10 9.2l-4 4" />
    </>
  ),
  unknown: (
    <>
      {post}
      <path class="outline" d="M4 4h10v3.4H4zM8 10l5 4M13 10l-5 4" />
    </>
  ),
  running: <path class="outline" d="M4 3l8 5-8 5z" />,
  cancelled: <path class="outline" d="M8 2a6 6 0 1 0 .01 0M4 12l8-8" />,
}

/** Arms drawn as the product's mark. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
      <title>Signalbox</title>
      <path class="mark-post" d="M6 3v13M3.5 16.5h5" />
      <path class="mark-arm" d="M6 9.5 15.4 3.6l1.5 2.4L7.5 11.9z" />
    </svg>
  )
}
