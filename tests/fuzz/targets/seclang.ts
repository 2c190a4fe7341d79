// Rule files: problems with a place, or rules that run.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createWaf } from '../../../src/waf/index.ts'
import { run, testPorts } from '../../../src/waf/rules/engine.test-helper.ts'
import { mutated } from '../inputs.ts'
import { fuzzTarget } from '../target.ts'

const files = [
  `SecRule ARGS|!ARGS:a|&REQUEST_HEADERS:/^x/ "@rx (?i)union\\s+select" "id:1,phase:2,deny,status:403,t:none,t:urlDecodeUni,capture,msg:'x %{MATCHED_VAR}',setvar:tx.a=+1,chain"
  SecRule TX:1 "!@streq %{tx.b}" "t:lowercase,ctl:ruleRemoveById=2-5"
SecAction "id:2,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR},setvar:ip.c=+1,expirevar:ip.c=60"
SecRule IP:c "@gt 5" "id:3,phase:2,pass,skipAfter:END"
SecMarker END`,
  `SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecDefaultAction "phase:2,log,auditlog,deny,status:403"
SecRuleUpdateTargetById 1 "!ARGS:b"
SecRuleRemoveByTag "a.*"
SecRule REQUEST_URI|XML:/*|FILES "@pm a b c" "id:9,phase:2,block,multiMatch,t:base64Decode,logdata:'%{TX.0}',tag:a/b,severity:2"`,
  `# a comment \\
that goes on
SecRule REQUEST_COOKIES "@ipMatch 10.0.0.0/8,::1" \\
    "id:'7',phase:request,redirect:https://example.com/%{ARGS.a},sanitiseArg:a"
SecRule ARGS "@rxGlobal (a)(b)?" "id:8,phase:2,pass,capture,setvar:'tx.%{MATCHED_VAR_NAME}=%{TX.1}'"`,
]

const words = [
  ...[
    'SecRule ',
    'SecAction ',
    'ARGS',
    '|',
    '&',
    '!',
    ':/x/',
    ' "@rx ',
    ' "@pm ',
    ' "!@eq ',
    '"id:',
    'phase:',
    'chain',
    'deny',
  ],
  ...[
    't:',
    'setvar:',
    'ctl:',
    '%{',
    '}',
    '"',
    "'",
    '\\',
    '\n',
    ' ',
    ',',
    '=',
    '+',
    '1',
    '99999999999',
    'tx.',
    'SecMarker ',
    'Include ',
  ],
  ...[
    'SecRuleUpdateActionById ',
    'SecRuleRemoveById ',
    '(',
    ')',
    '[',
    '{1,',
    '\0',
    '\xff',
    'skip:',
    'expirevar:',
    'TX:0',
    '@within ',
  ],
]

export const seclang = [
  fuzzTarget(
    'seclang',
    1500,
    fc.oneof(
      { weight: 3, arbitrary: mutated(files) },
      fc.array(fc.constantFrom(...words), { maxLength: 30 }).map(parts => parts.join('')),
    ),
    text => {
      const made = createWaf({ rules: [{ name: 'fuzz.conf', text }], ports: testPorts() })
      if (!made.ok) {
        assert.ok(made.problems.length > 0)
        for (const { line, column } of made.problems) assert.ok(line >= 0 && column >= 0)
        return
      }
      run(made.waf, {
        method: 'POST',
        target: '/?a=union%20select&b=10.0.0.1',
        headers: [
          ['Content-Type', 'application/x-www-form-urlencoded'],
          ['Cookie', 'a=b'],
          ['X-Y', 'z'],
        ],
        body: 'a=b&c=abc',
      })
    },
  ),
]
