import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

/** Copies `text()` and says so; where the clipboard is closed (plain HTTP from another host) it says that instead. */
export function CopyButton({ label, text }: { label: string; text: () => string }) {
  const said = useSignal<string | undefined>(undefined)
  useEffect(() => {
    if (said.value === undefined) return
    const timer = setTimeout(() => {
      said.value = undefined
    }, 2000)
    return () => clearTimeout(timer)
  }, [said.value])
  const copy = () => {
    copyText(text()).then(
      (done) => {
        said.value = done ? 'Copied' : 'Copying is not allowed here'
      },
      () => {
        said.value = 'Copying is not allowed here'
      },
    )
  }
  return (
    <button type="button" class="button" onClick={copy}>
      <span aria-live="polite">{said.value ?? label}</span>
    </button>
  )
}

/** The clipboard API exists in secure contexts only; the older command covers the rest. */
async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    await navigator.clipboard.writeText(text)
    return true
  }
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'offscreen'
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  return done
}
