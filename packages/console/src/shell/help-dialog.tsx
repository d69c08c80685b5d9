import { useEffect, useRef } from 'preact/hooks'
import { useApp } from '../app.ts'
import { shortcuts } from './keyboard.ts'

/** The keyboard shortcuts, in the browser's own modal dialog: it holds the focus and closes with Escape. */
export function HelpDialog() {
  const { helpOpen } = useApp()
  const dialog = useRef<HTMLDialogElement>(null)
  const open = helpOpen.value
  useEffect(() => {
    if (open && dialog.current?.open === false) dialog.current.showModal()
    if (!open && dialog.current?.open === true) dialog.current.close()
  }, [open])
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="help-title"
      onClose={() => {
        helpOpen.value = false
      }}
    >
      <h2 id="help-title">Keyboard</h2>
      <table class="plain">
        <tbody>
          {shortcuts.map(({ keys, label }) => (
            <tr key={label}>
              <th scope="row">
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </th>
              <td>{label}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">
              <kbd>Enter</kbd>
            </th>
            <td>Open the request</td>
          </tr>
          <tr>
            <th scope="row">
              <kbd>←</kbd>
              <kbd>→</kbd>
            </th>
            <td>Move the crosshair of the focused chart</td>
          </tr>
        </tbody>
      </table>
      <p class="hint">Shortcuts rest while you type.</p>
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  )
}
