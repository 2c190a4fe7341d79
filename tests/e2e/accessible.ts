// For tests: whether a page can be used with a keyboard and a screen reader, and read: named, labelled, one main heading,
// enough contrast (WCAG 2.2, 1.4.3).

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'

/** Runs in the page. */
const findProblems = `(() => {
  const found = []
  const add = (what, isBad) => { if (isBad) found.push(what) }
  add('no language', document.documentElement.lang === '')
  add('no title', document.title === '')
  add('not one h1', document.querySelectorAll('h1').length !== 1)
  add('not one main', document.querySelectorAll('main').length !== 1)
  for (const input of document.querySelectorAll('input:not([type=hidden])')) add(input.name + ' has no label', !input.labels?.length)
  for (const control of document.querySelectorAll('button, a')) add('a control without a name', !control.textContent.trim())
  const luminance = color => {
    const [r = 0, g = 0, b = 0] = (color.match(/[\\d.]+/g) ?? []).map(value => {
      const share = Number(value) / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const background = element => {
    const own = element ? getComputedStyle(element).backgroundColor : 'rgb(255,255,255)'
    return own === 'rgba(0, 0, 0, 0)' ? background(element.parentElement) : own
  }
  for (const element of document.querySelectorAll('h1, h2, p, label, button, a, li, summary')) {
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(background(element))]
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    add('contrast ' + contrast.toFixed(1) + ' of ' + element.textContent.trim().slice(0, 20), contrast < 4.5)
  }
  return found
})()`

export async function checkAccessible(page: Page): Promise<void> {
  assert.deepEqual(await page.evaluate(findProblems), [], page.url())
}
