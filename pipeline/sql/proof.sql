-- One row: who answered an item in one domain, and who gave one answer, with weights.
SELECT COUNT(*) AS n,
       CAST(SUM(p.weight) AS DOUBLE) AS w,
       COUNT(CASE WHEN {answer} THEN 1 END) AS answer_n,
       CAST(COALESCE(SUM(CASE WHEN {answer} THEN p.weight END), 0) AS DOUBLE) AS answer_w,
       CAST(SUM(p.weight * a.value) AS DOUBLE) AS wx
FROM answers AS a
JOIN people AS p ON p.wave = a.wave AND p.respondent = a.respondent
WHERE a.status = 'answered' AND a.value IS NOT NULL
    AND a.wave = {wave} AND a.item = {item}{domain}
