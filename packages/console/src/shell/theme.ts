import type { Theme } from './url-state.ts'

/** What is drawn: the link's choice, else this browser's stored one, else what the system prefers. */
export function drawnTheme(link: Theme | undefined, stored: string | null, systemDark: boolean): 'light' | 'dark' {
  const choice = chosenTheme(link, stored)
  if (choice === 'auto') return systemDark ? 'dark' : 'light'
  return choice
}

/** The choice that the toggle shows. */
export function chosenTheme(link: Theme | undefined, stored: string | null): Theme {
  if (link !== undefined) return link
  return stored === 'light' || stored === 'dark' ? stored : 'auto'
}

/** What the toggle goes to next. */
export function nextTheme(theme: Theme): Theme {
  return theme === 'auto' ? 'light' : theme === 'light' ? 'dark' : 'auto'
}
