// The settings under which CRS's own tests are meant: rules only report, all paranoia levels are on, and limits are low
// enough for the tests of limits. Loaded over a rule set's own set-up.

import { generatedIds, setVariables } from '../rulesets/setup-values.ts'
import type { RuleSource } from '../waf/types.ts'

export const profileParanoia = 4

const directives = `SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml application/json
`

export const testProfile: readonly RuleSource[] = [
  { name: 'test profile', text: directives },
  setVariables('test profile', generatedIds + 1, [
    ['crs_validate_utf8_encoding', 1],
    ['arg_name_length', 100],
    ['arg_length', 400],
    ['total_arg_length', 64_000],
    ['max_num_args', 255],
    ['max_file_size', 64_100],
    ['combined_file_sizes', 65_535],
  ]),
]
