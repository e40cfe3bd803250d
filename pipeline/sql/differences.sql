-- One row: a change since the wave before, or the gap between the furthest domains.
WITH shown AS (
    SELECT question, term, "by", wave, domain, estimate, se, df,
           COUNT(*) OVER one AS domains,
           ROW_NUMBER() OVER (one ORDER BY estimate DESC, domain) AS from_top,
           ROW_NUMBER() OVER (one ORDER BY estimate, domain DESC) AS from_bottom
    FROM estimates
    WHERE statistic = 'share' AND flag = '' AND "by" <> '' AND "by" NOT LIKE '%*%'
    WINDOW one AS (PARTITION BY question, term, "by", wave)
),
differences AS (
    SELECT 'gap' AS kind, t.question, t.term, t."by", t.wave,
           t.domain AS high, b.domain AS low,
           t.estimate AS estimate_high, b.estimate AS estimate_low,
           t.estimate - b.estimate AS difference,
           sqrt(greatest(t.se * t.se + b.se * b.se - 2 * c.covariance, 0)) AS se, t.df,
           t.domains * (t.domains - 1) / 2 AS tests
    FROM shown AS t
    JOIN shown AS b ON b.question = t.question AND b.term = t.term
        AND b."by" = t."by" AND b.wave = t.wave
    JOIN covariances AS c ON c.question = t.question AND c.term = t.term
        AND c."by" = t."by" AND c.wave = t.wave
        AND ((c.first = t.domain AND c.second = b.domain)
             OR (c.first = b.domain AND c.second = t.domain))
    WHERE t.from_top = 1 AND b.from_bottom = 1
    UNION ALL
    SELECT 'change', question, term, "by", wave_to, wave_to, wave_from,
           estimate_to, estimate_from, difference, se, df, 1
    FROM trends
    WHERE statistic = 'share' AND comparable AND "by" = ''
)
SELECT kind, question, term, "by", wave, high, low, estimate_high, estimate_low,
       difference, se, df, tests
FROM differences
WHERE se > 0
ORDER BY kind NULLS LAST, question NULLS LAST, term NULLS LAST, "by" NULLS LAST,
         wave NULLS LAST
