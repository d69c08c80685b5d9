import { expect, test } from 'vitest'
import { isTyping, KeySequence, shortcuts } from './keyboard.ts'
import { chosenTheme, drawnTheme, nextTheme } from './theme.ts'

test('two keys in time are one command, and each shortcut can be pressed', () => {
  for (const { keys, command } of shortcuts) {
    const sequence = new KeySequence()
    expect(keys.map((key) => sequence.press(key, 100)).at(-1)).toBe(command)
  }
})

test('the first key of two is forgotten after a while', () => {
  const sequence = new KeySequence()
  sequence.press('g', 0)
  expect(sequence.press('r', 1201)).toBeUndefined()
})

test('a key that completes nothing counts as itself', () => {
  const sequence = new KeySequence()
  sequence.press('g', 0)
  expect(sequence.press('j', 10)).toBe('next')
  expect(sequence.press('x', 20)).toBeUndefined()
})

test('keys rest where text is typed or chosen', () => {
  expect(isTyping('INPUT', false)).toBe(true)
  expect(isTyping('SELECT', false)).toBe(true)
  expect(isTyping('DIV', true)).toBe(true)
  expect(isTyping('BUTTON', false)).toBe(false)
})

test('a link’s theme wins over the stored one, that over the system’s', () => {
  expect(drawnTheme('light', 'dark', true)).toBe('light')
  expect(drawnTheme(undefined, 'dark', false)).toBe('dark')
  expect(drawnTheme(undefined, null, true)).toBe('dark')
  expect(drawnTheme('auto', 'light', true)).toBe('dark')
  expect(chosenTheme(undefined, 'nonsense')).toBe('auto')
})

test('the toggle goes through all three themes', () => {
  expect([nextTheme('auto'), nextTheme('light'), nextTheme('dark')]).toEqual(['light', 'dark', 'auto'])
})
