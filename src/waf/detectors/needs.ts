// What a value must hold for a detector to report it, so that others are never read. Held to the detectors by a test.

import type { ByteString } from '../../lib/bytes.ts'

export interface Need {
  /** One of these, in any case of letters … */
  readonly literals: readonly ByteString[]
  /** … or one of these bytes. */
  readonly bytes: ByteString
}

/** By the name of the operator in lower case. */
export const detectorNeeds: Readonly<Record<string, Need>> = {
  detectcode: { literals: ['__', '%x', '$_', '.os.'], bytes: '(`' },
  detectheader: { literals: [], bytes: '\r\n' },
  detectldap: { literals: [':='], bytes: '()' },
  detectlookup: { literals: ['${', '$\\'], bytes: '' },
  detectnosql: { literals: ['||', '&&', 'db.'], bytes: '$;' },
  detectobject: {
    literals: [
      ...['\xac\xed', '\0\x01\0\0', '\x04\x08', ':{', 'ro0ab', 'aaeaaad/', 'aced0005', 'bahv', '_$$', '!!', '!<tag'],
      ...['!ruby/', '!python/', '!perl/', '!php/', '@type', '$type', '@class', '__type', '_class', '^o', 'py/', '["'],
      ...['<java', '="java', "='java", '<void method', '<dynamic-proxy', '<tree-map>', '<sorted-set>', 'dataprovider'],
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
  detecttemplate: {
    literals: ['{{', '{%', '${', '#{', '*{', '@{', '~{', '%{', '<%', '[[', '[(', '@(', '{#', '{=', '$\\'],
    bytes: '',
  },
  detectxml: { literals: ['<!', ':include', ':script', '<xsl:', 'xinclude'], bytes: '' },
  detectxpath: { literals: ['::', '//*', '/*['], bytes: '(|' },
}
