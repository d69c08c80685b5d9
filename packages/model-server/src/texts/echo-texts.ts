import type { AnswerTexts } from './answer-texts.ts'

/** Answers a question without text, such as an image alone. */
const WORDLESS = 'There is no text to echo.'

/** The question again, once; over again where more is demanded. */
export const echoTexts: AnswerTexts = {
  answer: ({ question }, charactersMin) => repeated(question === '' ? WORDLESS : question, charactersMin),
}

/** A text that ends where it ends, and goes on from its beginning where that is too short. `text` is not empty. */
export function repeated(text: string, charactersMin: number): { readonly text: string; readonly end: number } {
  const times = Math.max(1, Math.ceil(charactersMin / text.length))
  return { text: times === 1 ? text : Array<string>(times).fill(text).join(' '), end: text.length }
}
