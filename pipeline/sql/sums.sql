-- One row: the sums over those who gave one answer to one item in one domain.
SELECT a.wave, a.item, a.value{columns},
       COUNT(*) AS n,
       SUM(p.weight) AS sum_w,
       SUM(p.weight * p.weight) AS sum_w2
FROM answers AS a
JOIN people AS p ON p.wave = a.wave AND p.respondent = a.respondent
WHERE a.status = 'answered'
GROUP BY GROUPING SETS ({sets})
