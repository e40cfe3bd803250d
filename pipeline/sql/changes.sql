-- One row: one share or mean in a wave and in the wave before it.
SELECT row_number() OVER (ORDER BY now.question, now.statistic, now.item, now.term,
                                   now."by", now.domain, now.wave) AS row_id,
       now.question, now.item, now.statistic, now.term, now."by", now.domain,
       p.wave_from, p.wave_to,
       ago.estimate AS estimate_from, now.estimate AS estimate_to,
       CASE WHEN p.reason = '' THEN now.estimate - ago.estimate END AS difference,
       CASE WHEN p.reason = '' THEN sqrt(now.se * now.se + ago.se * ago.se) END AS se,
       now.df + ago.df AS df,
       ago.se AS se_from, now.se AS se_to,
       ago.n_kish AS n_kish_from, now.n_kish AS n_kish_to,
       ago.rank AS rank_from, now.rank AS rank_to,
       p.reason
FROM pairs AS p
JOIN estimates AS now ON now.question = p.question AND now.wave = p.wave_to
JOIN estimates AS ago
    ON ago.question = p.question AND ago.wave = p.wave_from AND ago.item = now.item
    AND ago.statistic = now.statistic AND ago.term = now.term
    AND ago."by" = now."by" AND ago.domain = now.domain
WHERE now.statistic IN ('share', 'mean')
    AND now.flag = '' AND ago.flag = ''
