// A cookie that proves that somebody signed in to an account from this browser before. It lets nobody in; it only keeps
// the guesses of strangers from slowing its owner (users/throttle.ts).

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { cookieOf, isProof, proofOf } from './request.ts'

const lifeS = 180 * 86_400
const purpose = 'device'

/** Its number, when the cookie is about this user. */
export function deviceOf(req: IncomingMessage, key: string, userId: string, nowMs: number): string | undefined {
  const [about, device, until, proof, ...rest] = (cookieOf(req, cookieName(req)) ?? '').split('~')
  if (about !== userId || !device || !until || !proof || rest.length > 0) return undefined
  if (!isProof(key, purpose, `${about}~${device}~${until}`, proof) || Number(until) * 1000 < nowMs) return undefined
  return device
}

export function setDevice(req: IncomingMessage, res: ServerResponse, key: string, userId: string, nowMs: number): void {
  const device = deviceOf(req, key, userId, nowMs) ?? randomBytes(12).toString('base64url')
  const text = `${userId}~${device}~${Math.floor(nowMs / 1000) + lifeS}`
  const value = `${text}~${proofOf(key, purpose, text)}`
  const flags = `Path=/oauth; Max-Age=${lifeS}; HttpOnly; SameSite=Lax${isSecure(req) ? '; Secure' : ''}`
  res.appendHeader('set-cookie', `${cookieName(req)}=${value}; ${flags}`)
}

function cookieName(req: IncomingMessage): string {
  return isSecure(req) ? '__Secure-merlon_device' : 'merlon_device'
}

function isSecure(req: IncomingMessage): boolean {
  return req.headers['x-forwarded-proto'] === 'https'
}
