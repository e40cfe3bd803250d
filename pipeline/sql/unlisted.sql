-- One row: a text, or a word of one, that names no entity; how many wrote it, and how
-- most of them wrote it.
WITH kept AS (
    SELECT p.* FROM parts AS p JOIN spoken AS s USING (plain)
    ANTI JOIN mentions USING (id)
),
units AS (
    SELECT respondent, plain, piece AS written FROM kept
    UNION ALL
    SELECT respondent, word, NULL
    FROM (SELECT respondent, unnest(string_split(plain, ' ')) AS word FROM kept)
    WHERE length(word) > 1 AND NOT list_contains($stop, word)
),
counted AS (
    SELECT plain, written, COUNT(DISTINCT respondent) AS people FROM units GROUP BY ALL
)
SELECT COALESCE(arg_max(c.written, (c.people, c.written)), u.plain) AS written,
       u.plain, u.people
FROM (SELECT plain, COUNT(DISTINCT respondent) AS people FROM units GROUP BY plain) AS u
JOIN counted AS c USING (plain)
GROUP BY u.plain, u.people
ORDER BY u.people DESC, u.plain
