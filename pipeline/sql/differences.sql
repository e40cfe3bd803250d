-- One row: a change since the wave before, or the gap between the furthest domains.
WITH shares AS (
    SELECT question, item, term, "by", wave, domain, estimate, se, n_kish, df
    FROM estimates
    WHERE statistic = 'share' AND flag = '' AND "by" NOT LIKE '%*%'
),
shown AS (
    SELECT *, COUNT(*) OVER one AS domains,
           ROW_NUMBER() OVER (one ORDER BY estimate DESC, domain) AS from_top,
           ROW_NUMBER() OVER (one ORDER BY estimate, domain DESC) AS from_bottom
    FROM shares
    WHERE "by" <> ''
    WINDOW one AS (PARTITION BY question, term, "by", wave)
),
differences AS (
    SELECT 'gap' AS kind, t.question, t.term, t."by", t.wave,
           t.domain AS high, b.domain AS low,
           t.estimate AS estimate_high, b.estimate AS estimate_low,
           t.se AS se_high, b.se AS se_low,
           t.n_kish AS n_kish_high, b.n_kish AS n_kish_low,
           c.covariance, t.df, t.domains * (t.domains - 1) / 2 AS tests
    FROM shown AS t
    JOIN shown AS b ON b.question = t.question AND b.term = t.term
        AND b."by" = t."by" AND b.wave = t.wave
    JOIN covariances AS c ON c.question = t.question AND c.term = t.term
        AND c."by" = t."by" AND c.wave = t.wave
        AND ((c.first = t.domain AND c.second = b.domain)
             OR (c.first = b.domain AND c.second = t.domain))
    WHERE t.from_top = 1 AND b.from_bottom = 1
    UNION ALL
    SELECT 'change', t.question, t.term, t."by", wave_to, wave_to, wave_from,
           estimate_to, estimate_from, now.se, ago.se, now.n_kish, ago.n_kish,
           0.0, t.df, 1
    FROM trends AS t
    JOIN shares AS now ON now.item = t.item AND now.term = t.term
        AND now.wave = t.wave_to AND now."by" = ''
    JOIN shares AS ago ON ago.item = t.item AND ago.term = t.term
        AND ago.wave = t.wave_from AND ago."by" = ''
    WHERE t.statistic = 'share' AND t.comparable AND t."by" = ''
)
SELECT kind, question, term, "by", wave, high, low, estimate_high, estimate_low,
       se_high, se_low, n_kish_high, n_kish_low, covariance, df, tests
FROM differences
WHERE se_high > 0 OR se_low > 0
ORDER BY kind NULLS LAST, question NULLS LAST, term NULLS LAST, "by" NULLS LAST,
         wave NULLS LAST
