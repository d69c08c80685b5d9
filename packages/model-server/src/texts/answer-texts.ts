/** What an answer's text may depend on. */
export interface AskedPrompt {
  /** 32 bits of the prompt, the number of the answer and the server's seed. */
  readonly seed: number
  /** The last message of the user, or the prompt itself. */
  readonly question: string
}

interface AnswerText {
  readonly text: string
  /** Characters after which the answer ends by itself; undefined: at any length, the server draws one. */
  readonly end: number | undefined
}

/** Where answers' texts come from. */
export interface AnswerTexts {
  /** A text of at least `charactersMin` characters. Equal prompts have equal texts, whatever the demand, up to the shorter one. */
  answer(asked: AskedPrompt, charactersMin: number): AnswerText
}

/** Where texts come from, by name: sentences of our own, the question again, or a file of answers (`loadDataSet`). */
export type TextSource = 'canned' | 'echo' | { readonly file: string }
