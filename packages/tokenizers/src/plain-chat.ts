import { appendImage } from './image-token.ts'
import type { ChatPrompt } from './types.ts'

/** What a plain template needs of its tokenizer: how text is appended, and three numbers that no text has. */
export interface PlainTemplate {
  readonly appendText: (text: string, tokens: number[]) => void
  readonly messageStart: number
  readonly roleEnd: number
  readonly messageEnd: number
}

/**
 * The template of tokenizers that no model was trained with. Tools are a message of their own, the first one.
 *
 *     START role ROLE_END parts END   START role ROLE_END parts END   ...   START assistant ROLE_END
 */
export function encodePlainChat(prompt: ChatPrompt, template: PlainTemplate): Uint32Array {
  const { appendText, messageStart, roleEnd, messageEnd } = template
  const tokens: number[] = []
  const open = (role: string) => {
    tokens.push(messageStart)
    appendText(role, tokens)
    tokens.push(roleEnd)
  }
  if (prompt.tools !== undefined) {
    open('tools')
    appendText(prompt.tools, tokens)
    tokens.push(messageEnd)
  }
  for (const { role, parts } of prompt.messages) {
    open(role)
    for (const part of parts) {
      if (part.type === 'text') appendText(part.text, tokens)
      else appendImage(part.url, tokens)
    }
    tokens.push(messageEnd)
  }
  open('assistant')
  return new Uint32Array(tokens)
}
