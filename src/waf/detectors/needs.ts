// What a value must hold for a detector to report it, so that others are never read. Held to the detectors by a test.

import type { ByteString } from '../../lib/bytes.ts'
import { callees } from './code-names.ts'

export interface Need {
  /** One of these, in any case of letters … */
  readonly literals: readonly ByteString[]
  /** … or one of these bytes … */
  readonly bytes: ByteString
  /** … and one of these besides. */
  readonly also?: Omit<Need, 'also'>
}

/** What hides the seams of a name: quotes around its parts, a comment within. */
const seams = { literals: ['/*'], bytes: '\'"' }

/** By the name of the operator in lower case: one of the needs must be met. */
export const detectorNeeds: Readonly<Record<string, readonly Need[]>> = {
  detectcode: [
    { literals: ['__', '%x', '$_', '.os.', 'subprocess.', 'groovy.lang.'], bytes: '' },
    { literals: [], bytes: '(', also: { literals: [...callees.keys(), ...seams.literals], bytes: seams.bytes } },
    { literals: [], bytes: '`', also: seams },
  ],
  detectheader: [{ literals: ['\xe5\x98'], bytes: '\r\n' }],
  detectldap: [
    // A bracket that closes nothing needs no operator behind it.
    { literals: [':=', '))', ') ', ')\t', ')\n', ')\v', ')\f', ')\r'], bytes: '' },
    { literals: [], bytes: '()', also: { literals: [], bytes: '=*&|!\\\0' } },
  ],
  detectlookup: [{ literals: ['${', '$\\'], bytes: '' }],
  detectnosql: [{ literals: ['||', '&&', 'db.'], bytes: '$;' }],
  detectobject: [
    {
      literals: [
        // A count and a brace of PHP; a brace of JSON has a name before it.
        ...Array.from({ length: 10 }, (_, digit) => `${digit}:{`),
        ...['\xac\xed', '\0\x01\0\0', '\x04\x08', 'ro0ab', 'aaeaaad/', 'aced0005', 'bahv', '_$$', '!!', '!<tag'],
        ...['!ruby/', '!python/', '!perl/', '!php/', '@type', '$type', '@class', '__type', '_class', '^o', 'py/', '["'],
        ...[
          '<java',
          '="java',
          "='java",
          '<void method',
          '<dynamic-proxy',
          '<tree-map>',
          '<sorted-set>',
          'dataprovider',
        ],
        ...[
          'com.sun.',
          'org.apache.',
          'org.spring',
          'org.hibernate',
          'ch.qos.',
          'com.mchange',
          'com.zaxxer',
          'com.caucho',
        ],
        ...['javax.', 'java.lang.', 'org.codehaus'],
        ...['<cus-obj>', '<com.sun.', '<org.codehaus.', '<jdk.nashorn', '<unserializable'],
      ],
      bytes: '\n\x80',
    },
  ],
  detectshell: [
    {
      literals: [
        ...[
          'invoke-',
          'start-',
          'new-object',
          'set-exec',
          'get-',
          'iex',
          'iwr',
          'irm',
          'powershell',
          'pwsh',
          'cmd',
          'set /',
        ],
        ...[
          'for /',
          'certutil',
          'bitsadmin',
          'rundll32',
          'regsvr32',
          'mshta',
          'wmic',
          'schtasks',
          'reg ',
          'net ',
          'type ',
        ],
        ...[
          'systeminfo',
          'ipconfig',
          'dir ',
          'ping ',
          'timeout',
          'copy ',
          'del ',
          'vssadmin',
          'wevtutil',
          'nltest',
          'whoami',
        ],
        ...[
          ...['for/', 'set/', 'dir/', 'del/', 'downloadstring(', 'downloadfile(', 'frombase64string(', ']::'],
          '-encodedcommand',
          'cript',
          'set\t',
          'for\t',
          'reg\t',
          'net\t',
          'type\t',
          'dir\t',
          'ping\t',
          'copy\t',
          'del\t',
        ],
      ],
      bytes: ';|&`$\n\r\\^?*\'"{%',
    },
  ],
  detecttemplate: [
    {
      literals: ['{{', '{%', '${', '#{', '*{', '@{', '~{', '%{', '<%', '[[', '[(', '@(', '{#', '{=', '$\\'],
      bytes: '',
    },
  ],
  detectxml: [{ literals: ['<!', ':include', ':script', '<xsl:', 'xinclude'], bytes: '' }],
  detectxpath: [
    { literals: ['::', '//', '/*'], bytes: '' },
    { literals: [], bytes: '(', also: { literals: [], bytes: '\'"' } },
  ],
}
