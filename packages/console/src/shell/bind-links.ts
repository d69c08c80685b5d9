import type { App } from '../app.ts'

/** Makes plain clicks on links to our own pages steps of the history instead of loads. */
export function bindLinks(app: App): void {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const anchor = event.target instanceof Element ? event.target.closest('a') : null
    if (anchor === null || anchor.target !== '' || anchor.hasAttribute('download')) return
    const href = anchor.getAttribute('href') ?? ''
    if (!href.startsWith('/') || href.startsWith('//') || href.startsWith('/api/')) return
    event.preventDefault()
    const samePath = anchor.pathname === location.pathname
    app.place.push(href)
    if (!samePath) enterPage()
  })
}

/** A new page starts at its top, and a screen reader at its heading. */
export function enterPage(): void {
  scrollTo(0, 0)
  requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true }))
}
