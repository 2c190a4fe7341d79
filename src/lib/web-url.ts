// URLs that we fetch from or send to: https, or http where it does not leave the machine.

/** What is wrong with it, for the operator; undefined when nothing is. */
export function webUrlProblem(text: string): string | undefined {
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return 'is not a URL: write https://…'
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) return 'must be https: http is for loopback addresses only'
  return undefined
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
