-- One row: a place in a text where a spelling stands, in words from the first (1).
-- `whole`: it covers all that it overlaps with. `settled`: one of these does.
CREATE OR REPLACE TABLE places AS
WITH tokens AS (
    SELECT id, words, unnest(words) AS word, generate_subscripts(words, 1) AS start
    FROM spoken
),
found AS (
    SELECT t.id, s.code, t.start, t.start + len(s.words) AS stop, s.letters
    FROM tokens AS t
    JOIN spellings AS s ON s.words[1] = t.word
        AND t.words[t.start : t.start + len(s.words) - 1] = s.words
),
apart AS (
    SELECT *, start >= COALESCE(MAX(stop) OVER (
        PARTITION BY id ORDER BY start, stop DESC
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS fresh
    FROM found
),
grouped AS (
    SELECT *, SUM(CASE WHEN fresh THEN 1 ELSE 0 END) OVER (
        PARTITION BY id ORDER BY start, stop DESC) AS cluster
    FROM apart
),
ends AS (
    SELECT *, MIN(start) OVER one AS first, MAX(stop) OVER one AS last
    FROM grouped
    WINDOW one AS (PARTITION BY id, cluster)
)
SELECT id, cluster, code, start, stop, letters,
       start = first AND stop = last AS whole,
       BOOL_OR(start = first AND stop = last) OVER (PARTITION BY id, cluster) AS settled
FROM ends
