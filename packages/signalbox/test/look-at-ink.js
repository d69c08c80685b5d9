// Put into a page before what looks at its charts: colours of elements, and whether a canvas holds one.
globalThis.lookAtInk = () => {
  const canvasOf = (width, height) =>
    Object.assign(document.createElement('canvas'), { width, height }).getContext('2d', { willReadFrequently: true })
  return {
    /** Whatever the style sheet's notation, as red, green and blue. */
    inkOf: (element) => {
      const context = canvasOf(1, 1)
      context.fillStyle = getComputedStyle(element).backgroundColor
      context.fillRect(0, 0, 1, 1)
      return context.getImageData(0, 0, 1, 1).data
    },
    pixelsOf: (canvas) => {
      const copy = canvasOf(canvas.width, canvas.height)
      copy.drawImage(canvas, 0, 0)
      return copy.getImageData(0, 0, canvas.width, canvas.height).data
    },
    holds: (pixels, [red, green, blue]) => {
      for (let at = 0; at < pixels.length; at += 4) {
        const distance = Math.abs(pixels[at] - red) + Math.abs(pixels[at + 1] - green) + Math.abs(pixels[at + 2] - blue)
        if (pixels[at + 3] > 200 && distance < 12) return true
      }
      return false
    },
  }
}
