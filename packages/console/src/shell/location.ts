import { type Signal, signal } from '@preact/signals'

/** Where the page is. */
export interface Place {
  readonly path: string
  readonly search: string
}

const here = (): Place => ({ path: location.pathname, search: location.search })

/** The browser's location as a signal: `push` for steps that "back" undoes, `replace` for the rest. */
export class BrowserPlace {
  readonly current: Signal<Place> = signal(here())

  /** Follows the back and forward buttons. */
  constructor() {
    addEventListener('popstate', () => {
      this.current.value = here()
    })
  }

  push(href: string): void {
    history.pushState(null, '', href)
    this.current.value = here()
  }

  replace(href: string): void {
    history.replaceState(history.state, '', href)
    this.current.value = here()
  }
}
