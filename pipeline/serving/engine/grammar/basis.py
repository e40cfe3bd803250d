"""The rules that every grammar of JSON has, and what formats of strings are."""

BASIS = {
    "ws": r'(" " | "\n" [ \t]{0,20})?',
    # What is allowed, not what is forbidden: llama.cpp refuses the first byte of a
    # character as soon as one of those that begin with it is forbidden.
    "char": r'[ !#-\[\]-~\u0080-\uD7FF\uE000-\U0010FFFF] | "\\" ["\\/bfnrt]',
    "string": r'"\"" char* "\""',
    "integer": r'"-"? ("0" | [1-9] [0-9]{0,14})',
    "number": r'integer ("." [0-9]{1,10})? ([eE] [+-]? [0-9]{1,2})?',
    "boolean": r'"true" | "false"',
    "null": r'"null"',
    "value": "object | array | string | number | boolean | null",
    "object": r'"{" ws (pair ("," ws pair)*)? ws "}"',
    "pair": 'string ":" ws value',
    "array": '"[" ws (value ("," ws value)*)? ws "]"',
    # Days that every month has.
    "date": '[0-9]{4} "-" month "-" ("0" [1-9] | "1" [0-9] | "2" [0-8])',
    "month": '"0" [1-9] | "1" [0-2]',
    "time": '([01] [0-9] | "2" [0-3]) (":" [0-5] [0-9]){2} ("." [0-9]{1,6})? "Z"',
    "word": "[a-z0-9]{1,30}",
    "host": '[a-z] word ("." word){0,3} "." [a-z]{2,10}',
    "byte": '[1-9]? [0-9] | "1" [0-9]{2} | "2" [0-4] [0-9] | "25" [0-5]',
}
# Each a part of what its format allows.
FORMATS = {
    "date": "date",
    "time": "time",
    "date-time": 'date "T" time',
    "email": 'word ("." word)? "@" host',
    "hostname": "host",
    "ipv4": 'byte ("." byte){3}',
    "ipv6": '[0-9a-f]{1,4} (":" [0-9a-f]{1,4}){7}',
    "uri": '"https://" host ("/" word)*',
    "uuid": '[0-9a-f]{8} ("-" [0-9a-f]{4}){3} "-" [0-9a-f]{12}',
}
