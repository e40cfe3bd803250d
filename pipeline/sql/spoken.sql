-- A text as its spellings are compared: lower case, without accents and marks, words
-- apart by one space. C++, C# and F# keep what sets them apart; a Chinese or Japanese
-- character is a word of its own, as there are no spaces to tell where one ends.
CREATE OR REPLACE MACRO spoken(said) AS trim(regexp_replace(regexp_replace(
    regexp_replace(regexp_replace(
        replace(lower(strip_accents(lower(said))), 'ß', 'ss'),
        '([\p{Han}\p{Hiragana}\p{Katakana}])', ' \1 ', 'g'),
        '[''’´`]', '', 'g'),
        '(^|[^\p{L}\p{M}\p{N}+#])[+#]+|[+#]+(\p{L})', ' \2', 'g'),
        '[^\p{L}\p{M}\p{N}+#]+', ' ', 'g'))
