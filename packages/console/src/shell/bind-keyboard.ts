import type { App } from '../app.ts'
import { enterPage } from './bind-links.ts'
import { type Command, isTyping, KeySequence } from './keyboard.ts'

/** Rows of the request list carry this attribute on their link, so that j and k find them. */
export const ROW_LINK = 'data-row-link'

/** Binds the single-key shortcuts; they rest while text is typed, while a modifier is held and under an open dialog. */
export function bindKeyboard(app: App): void {
  const sequence = new KeySequence()
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || app.helpOpen.value) return
    const target = event.target
    if (target instanceof HTMLElement && isTyping(target.tagName, target.isContentEditable)) return
    const command = sequence.press(event.key, event.timeStamp)
    if (command === undefined) return
    event.preventDefault()
    run(app, command)
  })
}

function run(app: App, command: Command): void {
  switch (command) {
    case 'fleet':
    case 'requests':
      app.place.push((command === 'fleet' ? '/' : '/requests') + app.place.current.value.search)
      enterPage()
      return
    case 'next':
      moveRow(1)
      return
    case 'previous':
      moveRow(-1)
      return
    case 'live':
      app.change({ live: !app.url.value.live }, 'replace')
      return
    case 'help':
      app.helpOpen.value = true
  }
}

function moveRow(step: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>(`[${ROW_LINK}]`)]
  const focused = document.activeElement
  const current = focused instanceof HTMLElement ? links.indexOf(focused) : -1
  const next = current === -1 ? 0 : Math.min(links.length - 1, Math.max(0, current + step))
  links[next]?.focus()
}
