import type { Prompt, Segment, TraceRequest } from '@signalbox/replay'
import type { AnswerTexts } from './answer-texts.ts'
import { textOf } from './prompt-text.ts'

/** How a request is put: which API, to which model, and what is asked beyond the standard. */
export interface RequestForm {
  readonly api: 'chat' | 'completions'
  readonly model: string
  readonly stream: boolean
  /** Ask for exactly the trace's number of output tokens, by vLLM's `ignore_eos`; without it answers may end sooner. */
  readonly ignoreEos: boolean
}

/** The JSON body of a request. In a chat, answers are messages of the assistant and what stands between them is the user's. */
export function bodyOf(request: TraceRequest, form: RequestForm, answers: AnswerTexts): string {
  const { stream, model, ignoreEos } = form
  return JSON.stringify({
    model,
    ...(form.api === 'chat' ? { messages: messagesOf(request.prompt, answers) } : { prompt: promptText(request.prompt, answers) }),
    max_tokens: request.output.tokens,
    ...(ignoreEos ? { ignore_eos: true } : {}),
    ...(request.priority === 0 ? {} : { priority: request.priority }),
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  })
}

function promptText(prompt: Prompt, answers: AnswerTexts): string {
  return prompt.segments.map((segment) => answers.get(segment.id) ?? textOf([segment])).join('')
}

interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

function messagesOf(prompt: Prompt, answers: AnswerTexts): readonly Message[] {
  const messages: Message[] = []
  let said: Segment[] = []
  const say = (): void => {
    if (said.length > 0) messages.push({ role: 'user', content: textOf(said) })
    said = []
  }
  for (const segment of prompt.segments) {
    const answer = answers.get(segment.id)
    if (answer === undefined) said.push(segment)
    else {
      say()
      messages.push({ role: 'assistant', content: answer })
    }
  }
  say()
  return messages
}
