// verifyCC, verifyCPF, verifySSN and verifySVNR: numbers that a pattern finds and a check digit confirms.

import type { ByteString } from '../../lib/bytes.ts'
import { compileRegex } from '../regex/index.ts'
import type { Regex } from '../regex/types.ts'
import { capture, ok } from './argument.ts'
import type { OperatorCall, OperatorDefinition } from './types.ts'

export const verifyCC = verifier('verifyCC', 'A match of the pattern is a payment card number (Luhn).', luhn)
export const verifyCPF = verifier('verifyCPF', 'A match of the pattern is a Brazilian CPF number.', cpf)
export const verifySSN = verifier('verifySSN', 'A match of the pattern is a US social security number.', ssn)
export const verifySVNR = verifier('verifySVNR', 'A match of the pattern is an Austrian social insurance number.', svnr)

// Every match costs a pass over what is searched. Windows keep that short, so that a page full of numbers is searched
// to its end in linear time. A number is never longer than the margin by which windows overlap.
const windowBytes = 1024
const marginBytes = 128

function verifier(
  name: string,
  summary: string,
  verify: (digits: Uint8Array, count: number) => boolean,
): OperatorDefinition {
  return {
    name,
    summary,
    compile(argument, context) {
      const result = compileRegex(argument.text, { dotAll: true, multiline: context.multiline })
      if (!result.ok) return result
      const regex = result.regex
      return ok({
        test(value, call) {
          for (let start = 0; start < value.length; start += windowBytes) {
            const from = Math.max(0, start - marginBytes)
            const part = value.slice(from, start + windowBytes)
            if (search(regex, part, from, value, call, verify)) return true
          }
          return false
        },
      })
    },
  }
}

const digits = new Uint8Array(marginBytes)

/** Tries every place where the pattern matches, as one number may hide in a longer match before it. */
function search(
  regex: Regex,
  part: ByteString,
  offset: number,
  value: ByteString,
  call: OperatorCall,
  verify: (digits: Uint8Array, count: number) => boolean,
): boolean {
  let found = regex.exec(part)
  while (found) {
    const start = found[0] ?? 0
    const end = found[1] ?? 0
    const count = readDigits(part, start, end)
    // At the edge of a window `^` and `$` see an end that isn't one: only a number with its neighbours counts.
    if (
      count > 0 &&
      verify(digits, count) &&
      !isCut(value, offset + start, offset + end, offset, offset + part.length)
    ) {
      capture(call, value, offset + start, offset + end)
      return true
    }
    if (start + 1 >= part.length) return false
    found = regex.exec(part, start + 1)
  }
  return false
}

/** Digits of the match, 0 when there are too many to be a number. */
function readDigits(text: ByteString, start: number, end: number): number {
  let count = 0
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) continue
    if (count === digits.length) return 0
    digits[count++] = digit
  }
  return count
}

function isCut(value: ByteString, start: number, end: number, from: number, to: number): boolean {
  const before = start === from && from > 0 && isDigit(value.charCodeAt(start - 1))
  return before || (end === to && isDigit(value.charCodeAt(end)))
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

/** ISO/IEC 7812-1. */
function luhn(numbers: Uint8Array, count: number): boolean {
  let sum = 0
  for (let i = 0; i < count; i++) {
    const digit = numbers[count - 1 - i] ?? 0
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

function cpf(numbers: Uint8Array, count: number): boolean {
  if (count !== 11 || isConstant(numbers, 11)) return false
  return cpfCheck(numbers, 9) === numbers[9] && cpfCheck(numbers, 10) === numbers[10]
}

function cpfCheck(numbers: Uint8Array, length: number): number {
  let sum = 0
  for (let i = 0; i < length; i++) sum += (numbers[i] ?? 0) * (length + 1 - i)
  const rest = sum % 11
  return rest < 2 ? 0 : 11 - rest
}

function ssn(numbers: Uint8Array, count: number): boolean {
  if (count !== 9 || isConstant(numbers, 9)) return false
  let ascending = true
  for (let i = 1; i < 9; i++) if (numbers[i] !== (numbers[i - 1] ?? 0) + 1) ascending = false
  const area = number(numbers, 0, 3)
  const group = number(numbers, 3, 5)
  const serial = number(numbers, 5, 9)
  return !ascending && area > 0 && area < 740 && area !== 666 && group > 0 && serial > 0
}

const svnrWeights = [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]

function svnr(numbers: Uint8Array, count: number): boolean {
  if (count !== 10 || isConstant(numbers, 10)) return false
  let sum = 0
  for (let i = 0; i < 10; i++) sum += (numbers[i] ?? 0) * (svnrWeights[i] ?? 0)
  const check = sum % 11
  return (check === 10 ? 0 : check) === numbers[3]
}

function number(numbers: Uint8Array, start: number, end: number): number {
  let value = 0
  for (let i = start; i < end; i++) value = value * 10 + (numbers[i] ?? 0)
  return value
}

function isConstant(numbers: Uint8Array, count: number): boolean {
  for (let i = 1; i < count; i++) if (numbers[i] !== numbers[0]) return false
  return true
}
