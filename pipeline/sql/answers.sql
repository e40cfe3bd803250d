-- One row: one respondent and one item, with the answer or why there is none.
CREATE OR REPLACE TABLE answers AS
WITH shown AS (
    SELECT respondent, question,
           MAX(CASE WHEN verdict = 'declined' THEN 1 ELSE 0 END) AS declined,
           MAX(CASE WHEN verdict <> 'declined' THEN 1 ELSE 0 END) AS seen
    FROM picks
    GROUP BY respondent, question
),
placed AS (
    SELECT r.respondent, i.item, p.value, i.select_all,
           i.has_asked = 1 AND a.respondent IS NULL AS routed_past,
           i.has_base = 1 AND b.respondent IS NULL AS outside,
           COALESCE(s.seen, 0) = 1 AS seen,
           COALESCE(s.declined, 0) = 1 AS declined
    FROM kept AS r
    CROSS JOIN items AS i
    LEFT JOIN picks AS p
        ON p.respondent = r.respondent AND p.item = i.item AND p.verdict <> 'seen'
    LEFT JOIN shown AS s ON s.respondent = r.respondent AND s.question = i.question
    LEFT JOIN passes AS a
        ON a.respondent = r.respondent AND a.question = i.question
        AND a.purpose = 'asked'
    LEFT JOIN passes AS b
        ON b.respondent = r.respondent AND b.question = i.question
        AND b.purpose = 'base'
)
SELECT respondent, item,
       CAST(CASE WHEN routed_past THEN NULL
                 WHEN value IS NOT NULL THEN value
                 WHEN select_all = 1 AND seen THEN 0 END AS DECIMAL(18, 4)) AS value,
       CASE WHEN routed_past THEN 'not_asked'
            WHEN seen AND outside THEN 'out_of_base'
            WHEN seen THEN 'answered'
            WHEN declined THEN 'declined'
            ELSE 'skipped' END AS status
FROM placed
