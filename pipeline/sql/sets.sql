-- One row: a respondent who answered a select-all question, with the set of answers that
-- they chose, as a sum of powers of 2: a bit for each option.
SELECT a.wave, a.respondent, o.base AS item,
       CAST(SUM(CASE WHEN a.answer = o.chosen THEN o.bit ELSE 0 END) AS DECIMAL(38, 0))
           AS chosen
FROM answered AS a
JOIN bits AS o ON o.item = a.item
WHERE a.wave = $wave
GROUP BY a.wave, a.respondent, o.base
