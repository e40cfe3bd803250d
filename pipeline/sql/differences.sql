-- One row: a change since the wave before, or the gap between the furthest domains.
WITH ends AS (
    SELECT question, term, "by", wave,
           MAX(estimate) AS highest, MIN(estimate) AS lowest, COUNT(*) AS domains
    FROM estimates
    WHERE statistic = 'share' AND flag = '' AND "by" <> '' AND "by" NOT LIKE '%*%'
    GROUP BY question, term, "by", wave
    HAVING COUNT(*) > 1
),
tops AS (
    SELECT e.question, e.term, e."by", e.wave, e.estimate, e.se, e.df,
           MIN(e.domain) AS domain, MIN(x.domains) AS domains
    FROM estimates AS e
    JOIN ends AS x ON x.question = e.question AND x.term = e.term AND x."by" = e."by"
        AND x.wave = e.wave AND x.highest = e.estimate
    WHERE e.statistic = 'share' AND e.flag = ''
    GROUP BY e.question, e.term, e."by", e.wave, e.estimate, e.se, e.df
),
bottoms AS (
    SELECT e.question, e.term, e."by", e.wave, e.estimate, e.se,
           MIN(e.domain) AS domain
    FROM estimates AS e
    JOIN ends AS x ON x.question = e.question AND x.term = e.term AND x."by" = e."by"
        AND x.wave = e.wave AND x.lowest = e.estimate
    WHERE e.statistic = 'share' AND e.flag = ''
    GROUP BY e.question, e.term, e."by", e.wave, e.estimate, e.se
),
differences AS (
    SELECT 'gap' AS kind, t.question, t.term, t."by", t.wave,
           t.domain AS high, b.domain AS low,
           t.estimate AS estimate_high, b.estimate AS estimate_low,
           t.estimate - b.estimate AS difference,
           sqrt(t.se * t.se + b.se * b.se) AS se, t.df,
           t.domains * (t.domains - 1) / 2 AS tests
    FROM tops AS t
    JOIN bottoms AS b ON b.question = t.question AND b.term = t.term
        AND b."by" = t."by" AND b.wave = t.wave
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
